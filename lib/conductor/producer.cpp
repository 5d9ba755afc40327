// SPDX-License-Identifier: Apache-2.0
#include "producer.hpp"

#include <algorithm>
#include <cassert>
#include <chrono>

#include <weir/error.hpp>

#include "dead_letter.hpp"

namespace weir::detail {
namespace {

// How often a line says that dead letters are sent without our headers.
constexpr auto without_cause_pause = std::chrono::seconds{30};

}  // namespace

/// One agent sends to one topic. Owned by the producer.
class producer::target final : public produce_target {
public:
    target(producer& of, topic_info& t, agent_info& a, policy p, std::string o)
        : topic(t),
          agent(a),
          op(std::move(o)),
          id(of.transport_.open(t.name)),
          on_error(std::move(p)),
          may_send_again(on_error.retries() > 0 || on_error.has_dead_letters()),
          of_(of) {}

    bool send(const outgoing& what, hold& held) override {
        const auto token = of_.free_slot();
        if (!of_.send(*this, what, token)) return false;
        of_.take_slot(token, *this, std::move(held));
        if (may_send_again) copy(what, of_.retain(token).what);
        return true;
    }
    static bytes_view value_of(const outgoing& o) {
        return o.unchanged.is_null() ? bytes_view{o.value} : o.unchanged;
    }
    /// Makes a copy that does not need the current message.
    static void copy(const outgoing& from, outgoing& to) {
        to = from;
        to.value.assign(value_of(from));
        to.unchanged = {};
    }

    topic_info& topic;
    agent_info& agent;
    const std::string op;
    const transport::topic_id id;
    const policy on_error;
    const bool may_send_again;

private:
    producer& of_;
};

producer::producer(transport::transport& t, const settings& s, reporter& r)
    : transport_(t), settings_(s), report_(r) {}
producer::~producer() {
    for (auto& k : retained_)
        if (k.request) k.request->slot = send_request::no_slot;
}

// ----------------------------------------------------------------------------------------- targets
producer::target& producer::add(std::unique_ptr<target> t) {
    return *targets_.emplace_back(std::move(t));
}

produce_target& producer::target_of(topic_info& t, agent_info& a, std::string op) {
    const auto& own = t.options.on_produce_error;
    auto p = own.is_set() ? own : settings_.options.on_produce_error;
    // A dead letter that cannot be delivered does not become a dead letter in the same topic.
    if (p.has_dead_letters() && p.topic() == t.name) p = p.then(stop);
    return add(std::make_unique<target>(*this, t, a, std::move(p), std::move(op)));
}

/// `last`: for messages that could not be sent. If the dead letter cannot be sent either, the app
/// stops.
producer::target& producer::dead_letter_target(const std::string& topic, agent_info* agent,
                                               bool last) {
    auto& known = (last ? last_dead_letter_targets_ : dead_letter_targets_)[{topic, agent}];
    if (known) return *known;
    auto& info = settings_.host->derive(topic, {}, false, {});
    auto& by = agent ? *agent : nobody_;
    if (last) known = &add(std::make_unique<target>(*this, info, by, stop, "dead letter"));
    else known = &static_cast<target&>(target_of(info, by, "dead letter"));
    return *known;
}

producer::target& producer::own_target(topic_info& t) {
    auto& own = own_targets_[&t];
    if (!own) own = &static_cast<target&>(target_of(t, nobody_, "send"));
    return *own;
}

// ------------------------------------------------------------------------------------------- slots
/// Returns the last of `free_`. Its slot comes into the cache while the message is sent.
std::uint64_t producer::free_slot() {
    if (free_.empty()) {
        free_.push_back(pending_.size());
        pending_.emplace_back();
    }
    __builtin_prefetch(&pending_[free_.back()], 1);
    return free_.back();
}

void producer::take_slot(std::uint64_t token, target& to, hold held) {
    assert(!free_.empty() && free_.back() == token && !pending_[token].to);
    free_.pop_back();
    pending_[token].to = &to;
    pending_[token].held = std::move(held);
    ++under_way_;
    ++report_.count().sent;
}

void producer::free(std::uint64_t token) {
    auto& p = pending_[token];
    assert(p.to && under_way_ > 0 && "a report comes once for each message");
    p.to = nullptr;
    --under_way_;
    free_.push_back(token);
    p.held.release();
    const auto at = std::exchange(p.retained, none);
    if (at == none) return;
    auto& k = retained_[at];
    assert(!k.in_backlog);
    k.tries.reset();
    k.causes = 0;
    free_retained_.push_back(at);
    using state = send_request::state;
    if (auto* r = std::exchange(k.request, nullptr))
        r->end(r->why_not.empty() ? state::delivered : state::given_up);
}

producer::retained& producer::retain(std::uint64_t token) {
    auto& at = pending_[token].retained;
    if (at == none) {
        if (free_retained_.empty()) {
            free_retained_.push_back(retained_.size());
            retained_.emplace_back();
        }
        at = free_retained_.back();
        free_retained_.pop_back();
        retained_[at].token = token;
    }
    return retained_[at];
}

// ----------------------------------------------------------------------------------------- sending
bool producer::send(target& to, const outgoing& what, std::uint64_t token) {
    transport::record r;
    r.topic = to.id;
    r.partition = what.partition;
    r.key = what.key;
    r.value = target::value_of(what);
    r.headers = what.headers.empty() ? nullptr : &what.headers;
    r.timestamp = what.timestamp ? *what.timestamp : settings_.clock->wall();
    return transport_.send(r, token);
}

void producer::send_dead_letter(const std::string& topic, agent_info* agent, const outgoing& what,
                                hold held) {
    auto& to = dead_letter_target(topic, agent, false);
    const auto token = free_slot();
    if (!to.send(what, held)) add_to_backlog(to, std::move(held), what);
    else if (!to.may_send_again) target::copy(what, retain(token).what);
    retain(token).causes = 1;
}

void producer::add_to_backlog(target& to, hold held, const outgoing& what) {
    const auto token = free_slot();
    take_slot(token, to, std::move(held));
    auto& k = retain(token);
    target::copy(what, k.what);
    send_again_at(k, settings_.clock->steady());
    k.in_backlog = true;
    backlog_.push_back(pending_[token].retained);
}

bool producer::send(send_request& r, hold held) {
    auto& to = own_target(*r.to);
    const auto token = free_slot();
    if (has_backlog() || !to.send(r.what, held)) {  // no message overtakes those that wait
        if (backlog_.size() >= backlog_max) return false;
        add_to_backlog(to, std::move(held), r.what);
    }
    retain(token).request = &r;
    r.is = send_request::state::sent;
    r.slot = token;
    return true;
}

void producer::forget(send_request& r) noexcept {
    if (r.slot != send_request::no_slot) retained_[pending_[r.slot].retained].request = nullptr;
    std::erase(wanted_, &r);
}

// ----------------------------------------------------------------------------------------- reports
void producer::delivered(std::uint64_t token, const transport::delivery& d) {
    if (d.failed) return failed(token, d);
    ++report_.count().delivered;
    free(token);
}

/// A dead letter may be too large because of our headers, although the message itself would fit.
/// Sends it again without them. True if it did.
bool producer::send_without_cause(std::uint64_t token) {
    const auto at = pending_[token].retained;
    if (at == none || retained_[at].causes == 0) return false;
    for (; retained_[at].causes > 0; --retained_[at].causes)
        remove_cause(retained_[at].what.headers);
    send_again_at(retained_[at], settings_.clock->steady());
    tell_without_cause(pending_[token].to->topic);
    return true;
}

/// A topic that has no room for one has none for a thousand.
void producer::tell_without_cause(const topic_info& t) {
    auto& told = without_cause_[&t];
    const auto now = settings_.clock->steady();
    if (now < told.next_line) {
        ++told.n;
        return;
    }
    told.next_line = later(now, without_cause_pause);
    const auto more = std::exchange(told.n, 0);
    report_.log("a dead letter is too large for topic '" + t.name +
                "' with the headers that say why: it is sent without them" +
                (more > 0 ? ", as were " + std::to_string(more) + " since the last line" : ""));
}

void producer::failed(std::uint64_t token, const transport::delivery& d) {
    if (d.too_large && send_without_cause(token)) return;
    const auto& text = d.text;
    auto& to = *pending_[token].to;
    const auto& policy = to.on_error;
    const error_report report{"produce", to.agent.name, to.topic.name,    -1,
                              -1,        text,          made_of(to.topic)};
    // An index: a hook may send, and addresses change then.
    const auto at = pending_[token].retained;
    if (at != none && retained_[at].tries.retry(policy, settings_.clock->steady())) {
        send_again_at(retained_[at], retained_[at].tries.due());
        report_.hooks().retried(report);
        return;
    }
    report_.failed(report, policy);
    if (at != none && retained_[at].request) retained_[at].request->why_not = text;
    if (policy.last() == policy::action::skip) return free(token);
    if (policy.has_dead_letters()) {  // the same slot, for another topic
        assert(at != none);
        auto& letter = retained_[at].what;
        if (!letter.timestamp) letter.timestamp = settings_.clock->wall();
        add_cause(letter.headers, report, *letter.timestamp);
        ++retained_[at].causes;
        report_.hooks().dead_letter(report, policy.topic());
        pending_[token].to = &dead_letter_target(policy.topic(), &to.agent, true);
        return send_again_at(retained_[at], settings_.clock->steady());
    }
    const auto& agent = to.agent.name;
    if (!error_)
        error_ = std::make_exception_ptr(weir::error{
            "weir: " + (agent.empty() ? agent : "agent '" + agent + "': ") + "sending to '" +
            to.topic.name + '\'' + (report.made_of.empty() ? "" : " (" + report.made_of + ')') +
            " failed: " + text});
    --under_way_;  // and the hold stays
}

// ----------------------------------------------------------------------------------- sending again
void producer::send_again_at(retained& k, time_point at) {
    if (k.send_at == time_point::max()) ++to_send_again_;
    k.send_at = at;
}

bool producer::send_again(retained& k) {
    assert(k.send_at != time_point::max() && to_send_again_ > 0);
    if (!send(*pending_[k.token].to, k.what, k.token)) return false;
    k.send_at = time_point::max();
    k.in_backlog = false;
    --to_send_again_;
    return true;
}

bool producer::poll_backlog() {
    bool any = false;
    while (has_backlog() && send_again(retained_[backlog_.front()])) {
        backlog_.pop_front();
        any = true;
    }
    return any;
}

bool producer::poll_wanted() {
    std::size_t n = 0;
    while (n < wanted_.size() && send(*wanted_[n], {})) ++n;
    wanted_.erase(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(n));
    return n > 0;
}

bool producer::poll(time_point now) {
    bool any = poll_backlog();
    any |= poll_wanted();
    assert(to_send_again_ >= backlog_.size());
    if (to_send_again_ == backlog_.size()) return any;
    for (std::size_t i = 0; i < retained_.size() && !has_backlog(); ++i) {
        auto& k = retained_[i];
        if (k.send_at > now) continue;
        if (send_again(k)) {
            any = true;
        } else {  // the transport reports when there is room
            k.in_backlog = true;
            backlog_.push_back(i);
        }
    }
    return any;
}

time_point producer::due() const {
    auto at = time_point::max();
    if (to_send_again_ > 0 && !has_backlog())
        for (auto& k : retained_) at = std::min(at, k.send_at);
    return at;
}

bool producer::give_up_retries(time_point until, bool of_all) {
    if (to_send_again_ == backlog_.size()) return false;
    const auto before = under_way_;
    for (std::size_t i = 0; i < retained_.size(); ++i) {
        auto& k = retained_[i];
        const bool is_late = k.tries.failed() && k.send_at >= until;
        if (!is_late || k.send_at == time_point::max() || k.in_backlog) continue;
        auto& held = pending_[k.token].held;
        if (!of_all && held.ownership() == ownership::owned) continue;
        if (k.request) k.request->why_not = "it was not tried again before the end";
        k.send_at = time_point::max();
        --to_send_again_;
        held.forfeit();
        free(k.token);
    }
    return under_way_ < before;
}

// ----------------------------------------------------------------------------------------- explain
std::optional<producer::holder> producer::holder_of(const hold_owner& of, offset at) const {
    for (auto& p : pending_) {
        if (!p.to || !p.held.keeps(of, at)) continue;
        const auto topic = '\'' + p.to->topic.name + '\'';
        std::string why = "the broker has not confirmed what was sent to " + topic;
        if (p.retained != none) {
            const auto& k = retained_[p.retained];
            if (k.in_backlog) {
                why = "the producer has no room for what goes to " + topic;
            } else if (k.send_at != time_point::max()) {
                why = "attempt " + std::to_string(k.tries.failures()) + " of " +
                      std::to_string(p.to->on_error.retries() + 1) + " to send to " + topic +
                      " has failed, the next one waits";
            }
        }
        return holder{&p.to->agent, p.to->op, why};
    }
    return {};
}

}  // namespace weir::detail
