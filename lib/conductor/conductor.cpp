// SPDX-License-Identifier: Apache-2.0
// A turn of the loop. How partitions come and go, and how it ends: rebalance.cpp.
#include "conductor.hpp"

#include <algorithm>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

#include "dead_letter.hpp"

namespace weir::detail {
namespace {

// so that no agent keeps the others waiting
constexpr auto segment_budget = std::chrono::milliseconds{20};
// nor one feed those that end in the same sink: so many messages, each parked, and it rests
constexpr std::size_t sink_budget = 64;

// As long a partition may have no room for more open messages before it is told: a pause of a
// broker or a database is shorter.
constexpr auto full_pause = std::chrono::seconds{10};

// How often it is looked whether a last commit is answered, or late.
constexpr auto answer_pause = std::chrono::milliseconds{10};

}  // namespace

conductor::conductor(const settings& s, transport::transport& t, reporter& r)
    : settings_(s),
      transport_(t),
      report_(r),
      clock_(*s.clock),
      pool_(s.options.offload_threads, s.options.offload_max, s.home),
      coroutines_(clock_, pool_),
      producer_(t, s, r),
      plan_(coroutines_, s, producer_),
      committer_(t, s),
      background_(coroutines_),
      now_(clock_.steady()) {}
conductor::~conductor() { end(); }

/// First the calls that may look into a coroutine's frame, then the frames, which may look at a
/// message, then the messages.
void conductor::end() {
    const auto left = stop_until_ - clock_.steady();
    pool_.close(std::clamp(left, duration::zero(), settings_.options.shutdown_timeout));
    background_.clear();
    for (auto& b : plan_.bodies()) b->cancel();
    partitions_.clear();
    seams_.clear();
    plan_.forget();
}

void conductor::connect(const std::vector<transport::subscription>& to) {
    for (auto& r : plan_.readings())
        if (!transport::is_pattern(r->topic->name)) work_of(r->topic->name);
    for (auto& t : topics_) {
        t.readings = readings_of(t.topic);
        for (auto* p : t.partitions) p->join(t.readings);
    }
    const auto& feeds = plan_.feeds();
    for (auto i = seams_.size(); i < feeds.size(); ++i)
        seams_.push_back(
            {feeds[i].from, std::make_unique<feed>(feeds[i].from->ready(), *feeds[i].to)});
    for (auto& s : seams_) {
        const auto reads = [&](const segment* x) { return x->agent == s.from->agent; };
        const auto& all = plan_.readings();
        s.from->agent->finite = std::none_of(all.begin(), all.end(), [&](const auto& r) {
            return std::any_of(r->to.begin(), r->to.end(), reads);
        });
    }
    if (!to.empty()) transport_.subscribe(to);
}

conductor::topic_work& conductor::work_of(const std::string& topic) {
    for (auto& t : topics_)
        if (t.topic == topic) return t;
    return topics_.emplace_back(topic_work{topic, readings_of(topic)});
}
/// By name, and by patterns.
std::vector<plan::reading*> conductor::readings_of(const std::string& topic) {
    std::vector<plan::reading*> all;
    for (auto& r : plan_.readings())
        if (r->topic->name == topic || transport::matches(r->topic->name, topic))
            all.push_back(r.get());
    return all;
}

hold conductor::hold_current() const {
    const auto* t = turn_.load(std::memory_order_relaxed);
    if (t && t->current) return t->current->hold();
    return coroutines_.at_work ? coroutines_.at_work->working_on() : hold{};
}

/// Of loops within each other, the inner one's.
hold conductor::hold_pulled() const {
    const auto is_pulled = [](const feed& f) {
        return f.parked && f.to->agent->pull && !f.to->agent->paused;
    };
    const auto held = [](feed& f) { return f.acked ? hold{} : f.in->hold_of(f.cursor); };
    if (last_parked_ && is_pulled(*last_parked_)) return held(*last_parked_);
    for (auto& [place, a] : partitions_)
        for (auto& f : a->feeds())
            if (is_pulled(*f)) return held(*f);
    for (auto& s : seams_)
        if (is_pulled(*s.feed)) return held(*s.feed);
    return {};
}

// --------------------------------------------------------------------------------------- one round
bool conductor::turn() {
    if (stopped()) return false;
    now_ = clock_.steady();
    ++turns_;
    report_.turn(now_);
    const bool asked = committer_.in_flight();
    bool busy = settings_.home->collect();
    busy |= transport_.poll(*this);
    busy |= coroutines_.run(now_);
    busy |= turn_bodies();
    busy |= producer_.settle(now_);
    take_errors();
    busy |= settle_seams();
    if (!error_) {
        busy |= turn_topics();
        busy |= turn_seams();
    }
    for (auto& [place, a] : partitions_) a->mark(now_);
    busy |= drain();
    busy |= end_sources();
    take_errors();
    if (no_more()) busy |= finish();
    if (!stopped()) committer_.settle(partitions_, now_);
    busy |= coroutines_.any_ready();
    busy |= !asked && committer_.in_flight();  // its answer may be there already
    const bool ticked = turn_background();
    only_ticked_ = ticked && !busy;
    return busy || ticked;
}

bool conductor::turn_background() {
    const bool busy = !stopped() && !error_ && background_.turn(now_);
    for (auto& f : background_.take_failures()) {
        report_.failed({f.what->kind(), {}, {}, -1, -1, text_of(f.error)}, f.what->on_error);
        if (f.what->on_error.last() == policy::action::skip) continue;
        fail(std::make_exception_ptr(
            weir::error{"weir: a " + f.what->kind() + " stopped the app: " + text_of(f.error)}));
    }
    return busy;
}

/// Starts coroutines, and looks whether one has thrown where no message is to blame.
bool conductor::turn_bodies() {
    bool busy = false;
    const auto& all = plan_.bodies();
    for (; started_ < all.size() && !no_more(); ++started_) all[started_]->start(), busy = true;
    for (auto& b : all) {
        auto error = b->settle();
        if (!error) continue;
        const auto line = "weir: agent '" + b->agent->name +
                          "' stopped while it had no message: " + text_of(error);
        report_.failed({"process", b->agent->name, {}, -1, -1, text_of(error)}, "stop");
        fail(std::make_exception_ptr(weir::error{line}));
        busy = true;
    }
    return busy;
}

body* conductor::body_of(const agent_info& a) const {
    if (a.has_body)
        for (auto& b : plan_.bodies())
            if (b->agent == &a) return b.get();
    return nullptr;
}

/// While nothing but a commit's answer is waited for: when it is sent again, if it failed.
time_point conductor::answer_due() const {
    return std::max(committer_.next_try(), now_ + answer_pause);
}

time_point conductor::due(bool alone) const {
    auto at = std::min(coroutines_.due(), producer_.due());
    if (!alone && !error_) at = std::min(at, background_.due());
    const auto feed_due = [&](const feed& f) {  // what was due by now waits for room, not for time
        if (f.made > 0 && !f.finished() && !f.to->agent->paused && f.not_before > now_)
            at = std::min(at, f.not_before);
    };
    for (auto& [place, a] : partitions_) {
        for (auto& f : a->feeds()) feed_due(*f);
        if (a->finished() && !a->revoking && !no_more()) at = std::min(at, a->tell_full);
        if (const auto& bad = a->bad(); bad && bad->not_before > now_)
            at = std::min(at, bad->not_before);
        if (a->revoking)
            at = std::min(at, a->abandoned || quiet(*a) ? answer_due() : a->drain_until);
    }
    for (auto& s : seams_) feed_due(*s.feed), at = std::min(at, s.from->due());
    if (stopping()) at = std::min(at, state_ == state::leaving ? answer_due() : stop_until_);
    return alone ? at : std::min({at, committer_.due(partitions_), report_.due()});
}

bool conductor::settle_seams() {
    bool busy = false;
    for (auto& s : seams_) {
        try {
            s.from->settle(now_);
        } catch (...) {  // a range that throws
            fail(std::current_exception());
            return true;
        }
        while (!waits_for_letters(*s.from->agent)) {
            auto [call, error] = s.from->failure();
            if (!call) break;
            failed(*call, *s.from->agent, false, error);
            s.from->settle(now_);
            busy = true;
        }
    }
    return busy;
}

bool conductor::turn_topics() {
    bool busy = false;
    next_topic_ = topics_.empty() ? 0 : (next_topic_ + 1) % topics_.size();
    for (std::size_t t = 0; t < topics_.size() && !error_; ++t) {
        auto& topic = topics_[(next_topic_ + t) % topics_.size()];
        // the next one that has something to do
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            topic.next = (topic.next + 1) % topic.partitions.size();
            if (turn_partition(*topic.partitions[topic.next])) {
                busy = true;
                break;
            }
        }
    }
    return busy;
}

bool conductor::turn_partition(owned_partition& a) {
    const bool last = a.revoking || no_more();
    bool busy = false;
    if (a.bad() && !last) busy |= undecodable(a);
    if (a.finished() && !last) {
        a.mark(now_);
        const auto open = a.tracker->open();
        const auto room = settings_.options.open_max - std::min(open, settings_.options.open_max);
        look_if_full(a, room == 0);
        const auto* before = a.tracker.get();
        const auto n = a.read(std::min(settings_.options.stream_buffer_max, room), now_);
        if (a.tracker.get() != before)
            report_.log(a.place.topic + '[' + std::to_string(a.place.partition) +
                        "] begins anew: it was deleted and created again, or has lost its end");
        messages_ += n, busy |= n > 0;
        if (n > 0) report_.hooks().read(a.place, n);
        if (a.bad()) busy |= undecodable(a);
    }
    for (auto& f : a.feeds()) busy |= step(*f, last);
    return busy;
}

/// Batches that wait for company, or holds that somebody keeps, can fill it for good.
void conductor::look_if_full(owned_partition& a, bool is) {
    if (is != a.full) a.full = is, a.tell_full = is ? now_ + full_pause : time_point::max();
    if (now_ < a.tell_full) return;
    a.tell_full = time_point::max();
    const auto b = explain(a.place);
    if (!b) return;
    const auto by = (b->agent.empty() ? "" : "agent '" + b->agent + "', ") + b->op;
    report_.log(a.place.topic + '[' + std::to_string(a.place.partition) + "] stands still at " +
                std::to_string(b->offset) + ": " + by + (by.empty() ? "" : ": ") + b->why);
}

bool conductor::turn_seams() {
    bool busy = false;
    for (auto& s : seams_) {
        const auto before = s.feed->cursor;
        busy |= step(*s.feed, false);
        if (s.feed->cursor == before) continue;
        s.from->ready().passed(s.feed->cursor);
        if (s.from->ready().count == 0) s.feed->cursor = 0;
    }
    return busy;
}

// ---------------------------------------------------------------------------------------- one feed
/// Lets the feed's segment work, if it can. `last`: only what is in work already, and no message
/// after it.
bool conductor::step(feed& f, bool last, std::optional<time_point> at) {
    auto& s = *f.to;
    if (error_ || f.finished() || (f.made > 0 && now_ < f.not_before)) return false;
    if (s.sink->parked_by && s.sink->parked_by != &f) return false;
    if (waits_for_letters(*s.agent)) return false;
    bool busy = false;
    outcome r{f.cursor};
    try {
        if (f.parked) {
            s.check();
            if (s.full()) return false;
            leave_sink(f), busy = true;
            if (!at) at = clock_.steady();
            if (rests(f, *at)) return true;
        }
        if (turns_ <= f.rests_upto) return true;
        if (s.full() || s.agent->paused || f.finished() || (last && f.made == 0)) return busy;
        if (!at) at = clock_.steady();
        detail::turn now{clock_, *at + segment_budget};
        now.work = &f;
        if (last) now.end(why::stop);
        turn_.store(&now, std::memory_order_relaxed);  // for this thread alone: see stop()
        r = s.run(*f.in, f.cursor, now);
        turn_.store(nullptr, std::memory_order_relaxed);
    } catch (...) {  // what was parked has thrown
        f.parked = false, s.sink->parked_by = nullptr;
        r = {f.cursor, why::failed, std::current_exception()};
    }
    if (r.at != f.cursor) f.made = 0;
    f.cursor = r.at;
    if (r.because == why::full)
        f.parked = true, s.sink->parked_by = &f, last_parked_ = last ? nullptr : &f;
    if (r.because == why::failed) failed(f, *s.agent, s.reads_batches(), r.error);
    return true;
}

/// The parked message has left the sink: it is finished.
bool conductor::leave_sink(feed& f) {
    f.to->finish();
    f.parked = false, f.to->sink->parked_by = nullptr;
    ++f.cursor, f.made = 0;
    return true;
}

/// Whether it has had its sink for long enough: then it lets one whole turn go by, in which the
/// others have theirs.
bool conductor::rests(feed& f, time_point now) {
    if (f.in_a_row++ == 0) f.until = now + segment_budget;
    if (f.in_a_row < sink_budget && now < f.until) return false;
    f.in_a_row = 0, f.rests_upto = turns_ + 1;
    return true;
}

void conductor::passed(const agent_info& a, time_point now) {
    auto* f = std::exchange(last_parked_, nullptr);
    if (f && f->parked && f->to->agent == &a) {
        for (auto& s : seams_) {
            if (s.feed.get() != f) continue;
            turn_seams();
            return;
        }
        step(*f, no_more(), now);
    }
}

/// Lets the first of an agent's buffers go that has something; those behind it wait for what it
/// gives.
bool conductor::flush(const agent_info& a) {
    // built from the right: the first one stands last
    for (auto s = seams_.rbegin(); s != seams_.rend(); ++s) {
        if (s->from->agent != &a || s->from->empty()) continue;
        if (!s->feed->finished() || s->from->waits_for_work()) return false;
        s->from->flush();
        return !s->feed->finished();
    }
    return false;
}
bool conductor::flush() {
    bool busy = false;
    for (auto& s : seams_) busy |= !s.from->agent->paused && flush(*s.from->agent);
    return busy;
}

/// Agents whose sources have all ended: what they have buffered is delivered, then they have ended
/// too.
bool conductor::end_sources() {
    bool busy = false;
    for (auto& source : seams_) {
        auto& agent = *source.from->agent;
        if (!agent.finite || agent.ended) continue;
        const auto over = [&](const seam_work& s) {
            return s.from->agent != &agent || !s.from->is_source() || s.from->ended();
        };
        if (!std::all_of(seams_.begin(), seams_.end(), over)) continue;
        busy |= flush(agent);
        const auto empty = [&](const seam_work& s) {
            return s.from->agent != &agent || (s.from->empty() && s.feed->finished());
        };
        if (!std::all_of(seams_.begin(), seams_.end(), empty)) continue;
        if (auto* b = body_of(agent); b && b->running()) b->end();
        else agent.ended = true;
        busy |= agent.ended;
    }
    return busy;
}

// ---------------------------------------------------------------------------------------- failures
error_report conductor::place(const char* seam, const agent_info& a, attempt& what,
                              const std::exception_ptr& error) {
    error_report r{seam, a.name, {}, -1, -1, text_of(error)};
    if (const auto* p = what.from().place_of(what.at()))
        r.topic = p->topic, r.partition = p->partition,
        r.offset = what.from().message_of(what.at()).offset;
    return r;
}

void conductor::failed(attempt& what, agent_info& agent, bool of_batch, std::exception_ptr error) {
    if (auto held = what.from().hold_of(what.at()); held.standing() == standing::gone) {
        held.forfeit();  // parked when its partition went: the next owner's, and so is its policy
        what.made = 0;
        return what.give_up();
    }
    auto policy = agent.on_error;
    if (!policy.is_set())
        policy = of_batch || agent.pull ? static_cast<weir::policy>(weir::stop)
                                        : static_cast<weir::policy>(weir::skip);
    if (what.acked)  // it is done with already: told, and not tried again
        policy = weir::policy{policy.last(), policy.topic()};
    if (what.made < policy.retries()) {
        ++what.made, what.not_before = later(now_, policy.backoff());
        report_.hooks().retried(place("process", agent, what, error));
        what.again();
        return;
    }
    auto report = place("process", agent, what, error);
    const auto line = "weir: agent '" + agent.name + "' stopped at " + report.topic + '[' +
                      std::to_string(report.partition) + "]@" + std::to_string(report.offset) +
                      ": " + report.text;
    const bool letters = policy.has_dead_letters() && !report.topic.empty();
    if (policy.has_dead_letters() && !letters)
        report_.failed(report, "stop: a value of no topic cannot be a dead letter");
    else report_.failed(report, policy);
    what.made = 0;
    if (policy.last() == policy::action::skip) return what.give_up();
    if (letters)
        return bury(what, agent, report, policy.topic()), what.give_up();
    fail(agent.pull ? error : std::make_exception_ptr(weir::error{line}));
}

/// One dead letter for each message behind what failed; each keeps it open until it has arrived.
void conductor::bury(attempt& what, agent_info& agent, const error_report& report,
                     const std::string& topic) {
    const auto held = what.acked ? hold{} : what.from().hold_of(what.at());
    each_message(what.from(), what.at(), [&](const origins& from, std::size_t i) {
        const auto m = from.message_of(i);
        auto its = report;
        its.topic = from.place_of(i)->topic, its.partition = from.place_of(i)->partition;
        its.offset = m.offset;
        outgoing letter{m.key, {}, m.value, from.headers_of(i), m.timestamp};
        add_cause(letter.headers, its, m.timestamp);
        report_.hooks().dead_letter(its, topic);
        producer_.bury(topic, &agent, std::move(letter), held.share());
    });
}

const policy& conductor::decode_policy(const owned_partition& a) const {
    const auto& own = a.bad()->by->topic->options.on_decode_error;
    return own.is_set() ? own : settings_.options.on_decode_error;
}

error_report conductor::undecodable_report(const owned_partition& a) {
    const auto& bad = *a.bad();
    return {"decode",          {}, a.place.topic,
            a.place.partition, a.raw(bad.at).offset, text_of(bad.error)};
}

/// Asks the policy about each message that did not decode, as far as it has an answer by now.
bool conductor::undecodable(owned_partition& a) {
    bool busy = false;
    while (a.bad() && !a.stopped()) {
        auto& bad = *a.bad();
        const auto& policy = decode_policy(a);
        if (a.dealt_with(bad)) {
            a.pass_bad(), busy = true;
            continue;
        }
        if (bad.made < policy.retries()) {
            if (bad.not_before == time_point{}) bad.not_before = later(now_, policy.backoff());
            if (now_ < bad.not_before) return busy;
            report_.hooks().retried(undecodable_report(a));
            a.retry_bad(), busy = true;
            continue;
        }
        if (policy.has_dead_letters() && producer_.crowded()) return busy;
        busy = true;
        if (policy.last() != policy::action::skip && !policy.has_dead_letters()) {
            a.stop_at_bad();
            continue;
        }
        const auto& m = a.raw(bad.at);
        const auto report = undecodable_report(a);
        report_.failed(report, policy);
        if (policy.has_dead_letters()) {
            outgoing letter{m.key, {}, m.value, a.headers(bad.at), m.timestamp};
            add_cause(letter.headers, report, m.timestamp);
            report_.hooks().dead_letter(report, policy.topic());
            producer_.bury(policy.topic(), nullptr, std::move(letter), {*a.tracker, m.offset});
        }
        a.pass_bad();
    }
    if (!a.stopped() || error_) return busy;
    const auto& feeds = a.feeds();
    if (!std::all_of(feeds.begin(), feeds.end(), [](auto& f) { return f->finished(); }))
        return busy;
    auto& bad = *a.bad();
    const auto at = a.raw(bad.at).offset;
    const auto text = text_of(bad.error);
    report_.failed({"decode", {}, a.place.topic, a.place.partition, at, text}, "stop");
    fail(std::make_exception_ptr(
        decode_error{"weir: " + a.place.topic + '[' + std::to_string(a.place.partition) + "]@" +
                     std::to_string(at) + " does not decode: " + text +
                     "; mend the producer, or give the topic an on_decode_error policy"}));
    return true;
}

/// What was thrown where nobody could be told.
void conductor::take_errors() {
    if (producer_.error()) fail(producer_.error());
    if (auto thrown = report_.hooks().thrown()) fail(std::move(thrown));
}

void conductor::fail(std::exception_ptr error) {
    if (!error_) error_ = std::move(error);
    stop_asked_ = true;
}

}  // namespace weir::detail
