// SPDX-License-Identifier: Apache-2.0
// What a run consists of, and one turn of it.
#include "conductor.hpp"

#include <algorithm>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::detail {
namespace {

// A partition that has no room for more open messages is logged after this time. Usual pauses of a
// broker or a database are shorter.
constexpr auto full_pause = std::chrono::seconds{10};

}  // namespace

conductor::conductor(const settings& s, transport::transport& t, reporter& r)
    : settings_(s),
      transport_(t),
      report_(r),
      clock_(*s.clock),
      pool_(s.options.offload_threads, s.options.offload_max, s.releases),
      coroutines_(clock_, pool_, report_),
      producer_(t, s, r),
      plan_(coroutines_, s, producer_),
      tables_(t, s.app, s.releases, s.options.state_dir, s.options.tables_memory),
      committer_(t, s, tables_),
      purger_(t, s),
      background_(coroutines_, r),
      now_(clock_.steady()) {}
conductor::~conductor() { end(); }

/// The order matters: offloaded calls may use a coroutine's frame, and frames use messages.
void conductor::end() {
    const auto left = stop_until_ - clock_.steady();
    pool_.close(std::clamp(left, duration::zero(), settings_.options.shutdown_timeout));
    background_.clear();
    forget_orders();
    for (auto& b : plan_.bodies()) b->cancel();
    partitions_.clear();
    tables_.clear();
    boundaries_.clear();
    plan_.clear();
}

/// A changelog that can't be written stops the app, whatever the policies say.
void conductor::use(table_info& t) {
    plan_.begin(table_agent_, {});
    plan_.name("table " + t.name);
    const auto& own = t.changelog->options.on_decode_error;
    const auto& policy = own.is_set() ? own : settings_.options.on_decode_error;
    t.leaves_out_undecodable = policy.last() != weir::policy::action::stop;
    t.bodies = this;
    t.listener = this;
    t.clear();
    tables_.use({&t, &plan_.send_to(*t.changelog)});
}
void conductor::use_global(table_info& t, bool skips_undecodable) {
    t.bodies = this;
    t.clear();
    tables_.use_global(t, skips_undecodable);
}

void conductor::subscribe(const std::vector<transport::subscription>& to) {
    for (auto& r : plan_.readers())
        if (!transport::is_pattern(r->topic->name)) work_of(r->topic->name);
    last_parked_ = nullptr;  // a stream that nobody has any more may lose its cursors
    forget_orders();
    for (auto& t : topics_) {
        t.readers = readers_of(t.topic);
        for (auto* p : t.partitions) p->join(t.readers);
    }
    const auto& segments = plan_.segments();
    for (; started_segments_ < segments.size(); ++started_segments_)
        for (auto& [tp, p] : partitions_) segments[started_segments_]->assigned(tp);
    const auto& links = plan_.links();
    for (auto i = boundaries_.size(); i < links.size(); ++i) {
        auto cursor = std::make_unique<segment_cursor>(links[i].from->ready(), *links[i].to);
        boundaries_.push_back({links[i].from, std::move(cursor)});
    }
    const auto reads_topics = [&](const agent_info& a) {
        for (auto& r : plan_.readers())
            for (auto* s : r->to)
                if (s->agent == &a) return true;
        return false;
    };
    for (auto& b : boundaries_) b.agent().finite = !reads_topics(b.agent());
    if (to.empty()) return;
    transport_.subscribe(to);
    if (tables_.want_copies()) transport_.watch_members();
}

conductor::topic_work& conductor::work_of(const std::string& topic) {
    for (auto& t : topics_)
        if (t.topic == topic) return t;
    return topics_.emplace_back(topic_work{topic, readers_of(topic)});
}
/// The readers that name the topic, or that match it by a pattern.
std::vector<plan::topic_reader*> conductor::readers_of(const std::string& topic) {
    std::vector<plan::topic_reader*> all;
    for (auto& r : plan_.readers())
        if (r->topic->name == topic || transport::matches(r->topic->name, topic))
            all.push_back(r.get());
    return all;
}

hold conductor::hold_current() const {
    const auto* t = turn_.load(std::memory_order_relaxed);
    if (t && t->current) return t->current->hold();
    return coroutines_.at_work ? coroutines_.at_work->working_on() : hold{};
}

/// The hold of the inner loop's message, if pull loops are nested.
hold conductor::hold_pulled() const {
    const auto is_pulled = [](const segment_cursor& c) {
        return c.parked && c.runs->agent->pull && !c.runs->agent->paused;
    };
    const auto held = [](segment_cursor& c) {
        return c.acked && !c.more ? hold{} : c.reads->hold_of(c.position);
    };
    if (last_parked_ && is_pulled(*last_parked_)) return held(*last_parked_);
    for (auto& [tp, p] : partitions_)
        for (auto& c : p->cursors())
            if (is_pulled(*c)) return held(*c);
    for (auto& b : boundaries_)
        if (is_pulled(*b.cursor)) return held(*b.cursor);
    return {};
}

// ---------------------------------------------------------------------------------------- one turn
bool conductor::turn() {
    if (stopped()) return false;
    now_ = clock_.steady();
    ++turns_;
    report_.turn(now_);
    const bool commit_was_in_flight = committer_.in_flight();
    bool busy = settings_.releases->collect();
    busy |= transport_.poll(*this);
    busy |= coroutines_.run(now_);
    busy |= turn_bodies();
    busy |= producer_.poll(now_);
    take_errors();
    busy |= poll_boundaries();
    if (!error_) {
        busy |= turn_topics();
        busy |= turn_orders();
        busy |= turn_boundaries();
    }
    busy |= turn_tables();
    for (auto& [tp, p] : partitions_) p->update_tracker(now_);
    if (tables_.any())
        busy |= tables_.update(now_, clock_.wall(), [this](auto& g) { return finish_step(g); });
    busy |= drain();
    busy |= end_sources();
    take_errors();
    if (ends_soon()) busy |= finish();
    if (!stopped()) committer_.poll(partitions_, now_);
    busy |= coroutines_.any_ready() || coroutines_.due() <= now_;
    busy |= !commit_was_in_flight && committer_.in_flight();  // its answer may have come already
    busy |= tables_.take_begun();
    const bool called = turn_background();
    only_timers_ = called && !busy;
    return busy || called;
}

/// Reads on in the topics of global tables.
bool conductor::read_globals() {
    if (error_) return false;
    try {
        return tables_.read_globals();
    } catch (...) {
        stop_with(std::current_exception());
        return true;
    }
}

/// Restores tables and writes cuts, a piece of each.
bool conductor::turn_tables() {
    if (!tables_.any()) return false;
    const bool read = read_globals();
    if (producer_.error()) committer_.give_up_tables();
    try {
        // A changelog that was refused is not read on.
        const bool restored = !error_ && tables_.restore();
        tell_of_tables();
        return tables_.write() || restored || read;
    } catch (...) {
        committer_.give_up_tables();
        stop_with(std::current_exception());
        return true;
    }
}

/// A process has written to a changelog when its partition was another's already.
void conductor::tell_of_late(const shard_group::news& n) {
    constexpr std::size_t owners_named = 5;
    std::string by;
    std::size_t all = 0, named = 0;
    for (auto& l : n.late) {
        all += l.count;
        if (++named > owners_named) continue;
        by += (by.empty() ? "" : ", ") + std::to_string(l.count) + " by " + l.owner + " (epoch " +
              std::to_string(l.epoch) + ')';
    }
    if (named > owners_named)
        by += ", and more by " + std::to_string(named - owners_named) + " others";
    report_.count().late_records += all;
    report_.log("table '" + n.table + "'[" + std::to_string(n.partition) +
                "] is restored without " + std::to_string(all) +
                (all == 1 ? " record" : " records") +
                " that former owners of the partition have written too late: " + by);
}

/// While tables are restored for a long time, the log says how far they are.
void conductor::tell_of_tables() {
    for (auto& line : tables_.take_lines()) report_.log(line);
    for (auto& n : tables_.take_news()) {
        if (!n.late.empty()) tell_of_late(n);
        if (const auto count = n.undecodable.count; count > 0)
            report_.log("table '" + n.table + "'[" + std::to_string(n.partition) +
                        "] is restored without " + std::to_string(count) +
                        (count == 1 ? " message that does" : " messages that do") +
                        " not decode, which on_decode_error has dealt with; the first is " +
                        n.undecodable.first);
        if (n.done) report_.hooks().restored(n.table, n.partition);
        else report_.hooks().restoring(n.table, n.partition, n.from, n.to);
    }
    constexpr auto interval = std::chrono::seconds{10};
    if (!tables_.any_restoring()) next_restore_line_ = time_point::max();
    else if (next_restore_line_ == time_point::max()) next_restore_line_ = now_ + interval;
    else if (now_ >= next_restore_line_) {
        report_.log(tables_.why_not_ready());
        next_restore_line_ = now_ + interval;
    }
}

bool conductor::turn_background() {
    const bool called = !stopped() && !error_ && background_.turn(now_);
    for (auto& f : background_.take_failures())
        stop_with(std::make_exception_ptr(
            weir::error{"weir: a " + f.what->kind() + " stopped the app: " + text_of(f.error)}));
    return called;
}

/// Starts coroutine agents. Stops the run if one threw while it had no message.
bool conductor::turn_bodies() {
    bool busy = false;
    const auto& all = plan_.bodies();
    for (; started_bodies_ < all.size() && !ends_soon(); ++started_bodies_) {
        all[started_bodies_]->start();
        busy = true;
    }
    for (auto& b : all) {
        const auto error = b->poll();
        if (!error) continue;
        const auto& name = b->agent->name;
        report_.failed({"process", name, {}, -1, -1, text_of(error)}, "stop");
        stop_with(std::make_exception_ptr(weir::error{
            "weir: agent '" + name + "' stopped while it had no message: " + text_of(error)}));
        busy = true;
    }
    return busy;
}

/// Asks boundaries what is ready, and handles calls that failed.
bool conductor::poll_boundaries() {
    bool busy = false;
    for (auto& b : boundaries_) {
        if (b.from->is_source() && !tables_.globals_restored()) continue;
        try {
            b.from->poll(now_);
        } catch (...) {  // a range has thrown
            stop_with(std::current_exception());
            return true;
        }
        while (!waits_for_dead_letters(b.agent())) {
            const auto [call, error] = b.from->failure();
            if (!call) break;
            handle_failure(*call, b.agent(), false, error);
            b.from->poll(now_);
            busy = true;
        }
    }
    return busy;
}

/// Gives each topic one turn: to the next of its partitions that has something to do.
bool conductor::turn_topics() {
    bool busy = false;
    next_topic_ = topics_.empty() ? 0 : (next_topic_ + 1) % topics_.size();
    for (std::size_t t = 0; t < topics_.size() && !error_; ++t) {
        auto& topic = topics_[(next_topic_ + t) % topics_.size()];
        for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
            topic.next = (topic.next + 1) % topic.partitions.size();
            if (!turn_partition(*topic.partitions[topic.next])) continue;
            busy = true;
            break;
        }
    }
    return busy;
}

bool conductor::turn_partition(owned_partition& p) {
    const bool given_up = p.revoking() || ends_soon();
    bool busy = false;
    p.advance();
    if (p.undecodable() && !given_up) busy |= handle_undecodable(p);
    if (!given_up) busy |= read_next(p);
    for (auto& c : p.cursors()) {
        if (given_up) busy |= step(*c, work::in_work_only);
        else if (!c->in_order()) busy |= catch_up(p, *c);
    }
    return busy;
}

/// Reads a batch, if the fastest cursor has nothing to do and is not too far ahead of the slowest.
bool conductor::read_next(owned_partition& p) {
    if (!p.ready() || p.at_limit() || !tables_.globals_restored()) return false;
    const auto ahead = p.room(settings_.options.stream_buffer_max);
    if (ahead == 0) return false;
    p.update_tracker(now_);
    const auto open_max = settings_.options.open_max;
    auto room = open_max - std::min(p.may_be_open(), open_max);
    if (p.tables) room = std::min(room, p.tables->room);
    if (p.has_limit()) room = std::min<std::size_t>(room, 1);  // offsets may have gaps
    log_if_full(p, room == 0);
    const auto* before = p.tracker.get();
    const auto n = p.read(std::min(ahead, room), now_);
    if (p.tracker.get() != before)
        report_.log(
            text_of(p.tp) +
            " starts again: it was deleted and created again, or has lost its last messages");
    if (const auto lost = p.take_lost()) lost_offsets(p, *lost);
    if (p.tables && (p.tracker.get() != before || (n == 0 && p.ends_before_tables())))
        stop_at_new_input(p);
    if (n == 0) return false;
    messages_ += n;
    report_.hooks().read(p.tp, n);
    if (p.undecodable()) handle_undecodable(p);
    return true;
}

/// The offsets that the tables have seen mean other messages now, or none.
void conductor::stop_at_new_input(const owned_partition& p) {
    stop_with(std::make_exception_ptr(weir::error{
        "weir: " + text_of(p.tp) +
        " was deleted and created again, or has lost its last messages, and tables have seen more "
        "of it: give the tables other names to begin anew, or delete their changelogs"}));
}

/// Tells the hooks and the log that the broker has deleted messages before they were read. With
/// `stop_app` the run ends, and no commit passes them.
void conductor::lost_offsets(owned_partition& p, const transport::offset_range& lost) {
    const auto text = text_of(p.tp) + ": the offsets from " + std::to_string(lost.from) + " to " +
                      std::to_string(lost.to - 1) +
                      " were deleted before they were read: the topic's retention is shorter than "
                      "this group's delay";
    report_.hooks().lost_offsets(p.tp, lost.from, lost.to);
    if (settings_.options.on_lost_offsets == weir::lost_offsets::go_on)
        return report_.log(text + "; reading goes on behind them");
    p.keep_back(lost.from);
    stop_with(std::make_exception_ptr(
        weir::error{"weir: " + text + "; app_options::on_lost_offsets is stop_app"}));
}

/// Logs that a partition is full. A short batch, or holds that the user keeps, can fill it for
/// good.
void conductor::log_if_full(owned_partition& p, bool is_full) {
    if (is_full != p.full) {
        p.full = is_full;
        p.log_full_at = is_full ? now_ + full_pause : time_point::max();
    }
    if (now_ < p.log_full_at) return;
    p.log_full_at = time_point::max();
    const auto b = explain(p.tp);
    if (!b) return;
    const auto by = (b->agent.empty() ? "" : "agent '" + b->agent + "', ") + b->op;
    report_.log(text_of(p.tp) + " stands still at " + std::to_string(b->offset) + ": " + by +
                (by.empty() ? "" : ": ") + b->why);
}

/// Several tables replay, and all messages of a cut come before any other one. Returns whether some
/// of those that have been read are still on their way. What a `take` has of them makes a short
/// batch, or messages of another input would come before it.
bool conductor::finish_step(const shard_group& g) {
    if (any_under_way(g)) return true;
    if (g.inputs().size() == 1 || !g.step_is_read()) return false;
    bool any = false;
    for (auto& b : boundaries_)
        if (!b.agent().paused && g.is_changed_by(b.agent().name)) any |= flush(b.agent());
    return any;
}

/// Whether messages that have been read have not gone through the agents that change these tables.
/// What a `take` has is not one of them: it may wait for more.
bool conductor::any_under_way(const shard_group& g) const {
    for (auto& [tp, p] : partitions_) {
        if (!p->tables || !g.has(*p->tables)) continue;
        for (auto& c : p->cursors())
            if (g.is_changed_by(c->runs->agent->name) && p->behind(*c) > 0) return true;
    }
    return std::any_of(boundaries_.begin(), boundaries_.end(), [&](const boundary_work& b) {
        const bool waits = b.from->waits_for_work() || !b.cursor->finished();
        return waits && g.is_changed_by(b.agent().name);
    });
}

bool conductor::turn_boundaries() {
    bool busy = false;
    for (auto& b : boundaries_) {
        const auto before = b.cursor->position;
        busy |= step(*b.cursor, work::any);
        if (b.cursor->position == before) continue;
        b.from->ready().passed(b.cursor->position);
        if (b.from->ready().count == 0) b.cursor->position = 0;
    }
    return busy;
}

// -------------------------------------------------------------------------------- when the next is
/// An overdue retry waits for room, so it has no time at which it is due.
void conductor::retry_due(const segment_cursor& c, time_point& at) const {
    if (!c.finished() && !c.runs->agent->paused && c.tries.waits(now_))
        at = std::min(at, c.tries.due());
}

time_point conductor::partition_due(const owned_partition& p) const {
    auto at = time_point::max();
    for (auto& c : p.cursors()) retry_due(*c, at);
    if (!p.revoking() && !ends_soon() && p.room(settings_.options.stream_buffer_max) > 0)
        at = std::min(at, p.log_full_at);
    if (const auto& bad = p.undecodable(); bad && bad->tries.waits(now_))
        at = std::min(at, bad->tries.due());
    if (!p.revoking()) return at;
    return std::min(at, p.abandoned() || quiet(p) ? answer_due() : p.drain_until);
}

time_point conductor::due(bool without_commits) const {
    auto at = std::min(coroutines_.due(), producer_.due());
    if (!without_commits && !error_) at = std::min({at, background_.due(), tables_.due()});
    for (auto& [tp, p] : partitions_) at = std::min(at, partition_due(*p));
    for (auto& o : orders_) at = std::min(at, order_due(o));
    for (auto& b : boundaries_) {
        retry_due(*b.cursor, at);
        at = std::min(at, b.from->due());
    }
    if (stopping()) at = std::min(at, state_ == state::leaving ? answer_due() : stop_until_);
    if (without_commits) return at;
    return std::min({at, committer_.due(partitions_), report_.due(), next_restore_line_});
}

}  // namespace weir::detail
