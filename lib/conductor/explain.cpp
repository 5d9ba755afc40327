// SPDX-License-Identifier: Apache-2.0
// What holds a commit back: found by looking at everybody who could, when somebody asks.
#include <algorithm>

#include "conductor.hpp"

namespace weir::detail {
namespace {

std::string last_of(const std::string& ops) {
    const auto bar = ops.rfind(" | ");
    return bar == std::string::npos ? ops : ops.substr(bar + 3);
}
std::string in(duration d) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(std::max(d, duration::zero()));
    return left == left.zero() ? "now" : "in " + text_of(left);
}

}  // namespace

/// Why the message at a cursor is not finished.
conductor::reason conductor::reason_of(const segment_cursor& f) const {
    const auto& s = *f.runs;
    const auto& agent = *s.agent;
    const auto tries = std::to_string(agent.on_error.retries() + 1);
    if (agent.paused)
        return {agent.name, s.ops,
                agent.has_body ? "its coroutine has returned" : "nobody iterates the stream"};
    if (f.parked && agent.pull)
        return {agent.name, last_of(s.ops), "who iterates the stream has not passed it yet"};
    if (f.parked && agent.has_body)
        return {agent.name, "coroutine", "it has not asked for the next one yet"};
    if (f.parked) return {agent.name, last_of(s.ops), "there is no room behind it"};
    if (f.failures > 0)
        return {agent.name, s.ops,
                "attempt " + std::to_string(f.failures) + " of " + tries +
                    " has failed, the next one is due " + in(f.not_before - now_)};
    if (s.occupancy->occupant)
        return {agent.name, last_of(s.ops), "another message waits for room behind it"};
    if (waits_for_dead_letters(agent))
        return {agent.name, s.ops, "a dead letter waits for room in the producer"};
    return {agent.name, s.ops, "it waits for its turn"};
}

/// The boundary that has taken hold of a message, and what it does with it.
std::optional<conductor::reason> conductor::boundary_with(const owned_partition& a, offset at) const {
    for (auto& s : boundaries_) {
        const auto* why = s.from->has(*a.tracker, at);
        if (!why) continue;
        const auto& f = *s.cursor;
        reason r{s.from->agent->name, s.from->op, why};
        if (!f.finished() && (f.parked || f.failures > 0)) {
            const auto behind = reason_of(f);
            r.why = behind.op + ": " + behind.why;
        }
        return r;
    }
    return {};
}

/// Who else has taken hold of a message that its cursors have passed.
conductor::reason conductor::holder_of(const owned_partition& a, offset at) const {
    if (const auto k = producer_.keeps(*a.tracker, at)) return {k->agent->name, k->op, k->why};
    std::string agent;  // known if there is but one
    for (auto& f : a.cursors()) {
        if (!agent.empty() && agent != f->runs->agent->name) return {{}, {}, "a hold of yours"};
        agent = f->runs->agent->name;
    }
    return {agent, {}, "a hold of yours, or an event behind noack() that was not acknowledged"};
}

std::optional<blocked> conductor::explain(const topic_partition& tp) const {
    blocked b;
    b.topic = tp.topic, b.partition = tp.partition, b.since = clock_.wall();
    const auto it = partitions_.find(tp);
    if (it == partitions_.end()) {
        const bool ours = std::any_of(topics_.begin(), topics_.end(), [&](const topic_work& t) {
            return t.topic == tp.topic;
        });
        b.why = ours ? "the partition is not assigned to this app" : "no agent reads this topic";
        return b;
    }
    const auto& a = *it->second;
    const auto at = a.tracker->committable();
    if (at == a.tracker->end() && !a.revoking) return {};
    b.offset = at;
    if (at < a.tracker->end()) {
        const auto age = clock_.steady() - a.oldest_since();
        b.since -= std::chrono::duration_cast<std::chrono::milliseconds>(age);
        std::optional<reason> r;
        const auto ask = [&](bool parked) {
            for (auto& f : a.cursors())
                if (!r && !f->finished() && f->reads->message_of(f->position).offset <= at &&
                    f->parked == parked)
                    r = reason_of(*f);
        };
        ask(false);
        if (!r) r = boundary_with(a, at);  // it knows more than that it has no room
        ask(true);
        if (!r && a.bad() && a.raw(a.bad()->at).offset <= at)
            r = reason{{}, "decode", "it does not decode: " + text_of(a.bad()->error)};
        if (!r && a.tracker->oldest_open() == at) r = holder_of(a, at);
        if (!r) r = reason{{}, {}, "it was let go without being acknowledged"};
        b.agent = r->agent, b.op = r->op, b.why = r->why;
        if (a.tracker->open() >= settings_.options.open_max)
            b.why += "; no more is read, since open_max = " +
                     std::to_string(settings_.options.open_max) + " messages are open";
    }
    if (a.revoking)
        b.why += std::string{b.why.empty() ? "" : "; "} + "the partition is being given up";
    if (error_) b.why += "; the app stops with an error: " + text_of(error_);
    else if (no_more()) b.why += "; the app is stopping";
    return b;
}

}  // namespace weir::detail
