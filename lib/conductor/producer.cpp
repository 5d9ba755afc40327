// SPDX-License-Identifier: Apache-2.0
#include "producer.hpp"

#include <algorithm>
#include <cassert>

#include <weir/error.hpp>

#include "dead_letter.hpp"

namespace weir::detail {

class producer::target final : public produce_target {
public:
    target(producer& of, topic_info& t, agent_info& a, policy p, std::string o)
        : topic(t),
          agent(a),
          op(std::move(o)),
          id(of.transport_.open(t.name)),
          on_error(std::move(p)),
          sends_again(on_error.retries() > 0 || on_error.has_dead_letters()),
          of_(of) {}

    bool send(const outgoing& what, hold& held) override {
        const auto token = of_.free_slot();
        if (!of_.send(*this, what, token)) return false;
        of_.free_.pop_back();
        auto& p = of_.pending_[token];
        p.to = this, p.held = std::move(held);
        ++of_.report_.count().sent;
        if (sends_again) copy(what, of_.retain(token).what);
        ++of_.under_way_;
        return true;
    }
    static bytes_view value_of(const outgoing& o) {
        return o.unchanged.is_null() ? bytes_view{o.value} : o.unchanged;
    }
    /// Outlives the message in work.
    static void copy(const outgoing& from, outgoing& to) {
        to = from, to.value.assign(value_of(from)), to.unchanged = {};
    }

    topic_info& topic;
    agent_info& agent;
    const std::string op;
    const transport::topic_id id;
    const policy on_error;
    const bool sends_again;

private:
    producer& of_;
};

producer::producer(transport::transport& t, const settings& s, reporter& r)
    : transport_(t), settings_(s), report_(r) {}
producer::~producer() {
    for (auto& k : retained_)
        if (k.seen_by) k.seen_by->slot = send_request::no_slot;
}

producer::target& producer::add(std::unique_ptr<target> o) {
    return *targets_.emplace_back(std::move(o));
}
produce_target& producer::to(topic_info& t, agent_info& a, std::string op) {
    const auto& own = t.options.on_produce_error;
    auto p = own.is_set() ? own : settings_.options.on_produce_error;
    // a dead letter that does not arrive is none of its own topic's
    if (p.has_dead_letters() && p.topic() == t.name) p = p.then(stop);
    return add(std::make_unique<target>(*this, t, a, std::move(p), std::move(op)));
}

/// `last`: of what could not be sent, so if this cannot either, the app stops.
producer::target& producer::dead_letter_target(const std::string& topic, agent_info* by, bool last) {
    auto& known = (last ? last_dead_letter_targets_ : dead_letter_targets_)[{topic, by}];
    if (known) return *known;
    auto& info = settings_.host->derive(topic, 0, false, {});
    auto& agent = by ? *by : nobody_;
    if (last)
        known = &add(std::make_unique<target>(*this, info, agent, stop, "dead letter"));
    else known = &static_cast<target&>(to(info, agent, "dead letter"));
    return *known;
}

/// A free slot in `pending_`, the last of `free_`.
std::uint64_t producer::free_slot() {
    if (free_.empty()) free_.push_back(pending_.size()), pending_.emplace_back();
    return free_.back();
}

/// What is kept of the message in that slot.
producer::retained& producer::retain(std::uint64_t token) {
    auto& at = pending_[token].retained;
    if (at == nothing) {
        if (free_retained_.empty()) free_retained_.push_back(retained_.size()), retained_.emplace_back();
        at = free_retained_.back(), free_retained_.pop_back();
        retained_[at].token = token;
    }
    return retained_[at];
}

void producer::send_dead_letter(const std::string& topic, agent_info* by, const outgoing& what, hold held) {
    auto& to = dead_letter_target(topic, by, false);
    if (to.send(what, held)) return;
    await_room(free_slot(), to, std::move(held), what);
}

/// Takes the last free slot, for a message that is sent as soon as there is room.
void producer::await_room(std::uint64_t token, target& to, hold held, const outgoing& what) {
    auto& p = pending_[token];
    free_.pop_back();
    p.to = &to, p.held = std::move(held);
    auto& k = retain(token);
    target::copy(what, k.what);
    k.not_before = settings_.clock->steady(), k.waits = true;
    backlog_.push_back(p.retained);
    ++under_way_, ++retries_, ++report_.count().sent;
}

bool producer::send(target& to, const outgoing& what, std::uint64_t token) {
    transport::record r;
    r.topic = to.id, r.key = what.key, r.value = target::value_of(what);
    r.headers = what.headers.empty() ? nullptr : &what.headers;
    r.timestamp = what.timestamp == timestamp{} ? settings_.clock->wall() : what.timestamp;
    return transport_.send(r, token);
}

void producer::free(std::uint64_t token) {
    auto& p = pending_[token];
    p.to = nullptr;
    --under_way_;
    free_.push_back(token);
    p.held.release();
    const auto at = std::exchange(p.retained, nothing);
    if (at == nothing) return;
    auto& k = retained_[at];
    k.failures = 0;
    free_retained_.push_back(at);
    if (auto* by = std::exchange(k.seen_by, nullptr))
        by->end(by->why_not.empty() ? send_request::state::delivered : send_request::state::given_up);
}

// ----------------------------------------------------------------------------------- topic.send
producer::target& producer::own_target(topic_info& t) {
    auto& own = own_targets_[&t];
    if (!own) own = static_cast<target*>(&to(t, nobody_, "send"));
    return *own;
}

bool producer::post(send_request& what, hold held) {
    auto& to = own_target(*what.to);
    const auto token = free_slot();
    if (backlogged() || !to.send(what.what, held)) {  // none overtakes those that wait
        if (backlog_.size() >= backlog_max) return false;
        await_room(token, to, std::move(held), what.what);
    }
    retain(token).seen_by = &what;
    what.is = send_request::state::sent, what.slot = token;
    return true;
}

void producer::forget(send_request& p) noexcept {
    if (p.slot != send_request::no_slot) retained_[pending_[p.slot].retained].seen_by = nullptr;
    std::erase(wanted_, &p);
}

bool producer::poll_wanted() {
    std::size_t n = 0;
    while (n < wanted_.size() && post(*wanted_[n], {})) ++n;
    wanted_.erase(wanted_.begin(), wanted_.begin() + static_cast<std::ptrdiff_t>(n));
    return n > 0;
}

void producer::delivered(std::uint64_t token, const transport::delivery& d) {
    if (!d.failed) return ++report_.count().delivered, free(token);
    auto& to = *pending_[token].to;
    const auto& policy = to.on_error;
    const error_report report{"produce", to.agent.name, to.topic.name, -1, -1, d.text};
    const auto at = pending_[token].retained;  // a number: a hook may send, then addresses change
    if (at != nothing && retained_[at].failures++ < policy.retries()) {
        retained_[at].not_before = later(settings_.clock->steady(), policy.backoff()), ++retries_;
        report_.hooks().retried(report);
        return;
    }
    report_.failed(report, policy);
    if (at != nothing && retained_[at].seen_by) retained_[at].seen_by->why_not = d.text;
    if (policy.last() == policy::action::skip) return free(token);
    if (policy.has_dead_letters()) {  // the same slot, for another topic
        assert(at != nothing);
        add_cause(retained_[at].what.headers, report, retained_[at].what.timestamp);
        report_.hooks().dead_letter(report, policy.topic());
        pending_[token].to = &dead_letter_target(policy.topic(), &to.agent, true);
        auto& k = retained_[at];
        k.failures = 0, k.not_before = settings_.clock->steady(), ++retries_;
        return;
    }
    const auto& agent = to.agent.name;
    const auto text = "weir: " + (agent.empty() ? agent : "agent '" + agent + "': ") +
                      "sending to '" + to.topic.name + "' failed: " + d.text;
    if (!error_) error_ = std::make_exception_ptr(weir::error{text});
    --under_way_;  // and the hold stays
}

std::optional<producer::keeper> producer::keeps(const hold_owner& of, offset at) const {
    for (auto& p : pending_) {
        if (!p.to || !p.held.keeps(of, at)) continue;
        const auto there = '\'' + p.to->topic.name + '\'';
        const auto tries = std::to_string(p.to->on_error.retries() + 1);
        const auto* k = p.retained == nothing ? nullptr : &retained_[p.retained];
        return keeper{&p.to->agent, p.to->op,
                      k && k->waits ? "the producer has no room for what goes to " + there
                      : k && k->not_before != time_point::max()
                          ? "attempt " + std::to_string(k->failures) + " of " + tries +
                                " to send to " + there + " has failed, the next one waits"
                          : "the broker has not confirmed what was sent to " + there};
    }
    return {};
}

bool producer::send_again(retained& k) {
    if (!send(*pending_[k.token].to, k.what, k.token)) return false;
    k.not_before = time_point::max(), k.waits = false, --retries_;
    return true;
}

bool producer::poll_backlog() {
    bool any = false;
    for (; backlogged() && send_again(retained_[backlog_.front()]); any = true) backlog_.pop_front();
    return any;
}

bool producer::poll(time_point now) {
    bool any = poll_backlog();
    any |= poll_wanted();
    if (retries_ == backlog_.size()) return any;
    for (std::size_t i = 0; i < retained_.size() && !backlogged(); ++i) {
        auto& k = retained_[i];
        if (k.not_before > now) continue;
        if (send_again(k)) any = true;
        else k.waits = true, backlog_.push_back(i);  // room comes with news of the transport
    }
    return any;
}

time_point producer::due() const {
    auto at = time_point::max();
    if (retries_ > 0 && !backlogged())
        for (auto& k : retained_) at = std::min(at, k.not_before);
    return at;
}

}  // namespace weir::detail
