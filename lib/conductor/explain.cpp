// SPDX-License-Identifier: Apache-2.0
// Finds out what holds a commit back. Asks everything that could hold it, and only when it is
// asked.
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

/// Why the message at the cursor's position is not finished.
conductor::holder conductor::why_not_finished(const segment_cursor& c) const {
    const auto& s = *c.runs;
    const auto& agent = *s.agent;
    if (agent.paused)
        return {agent.name, s.ops,
                agent.has_body ? "its coroutine has returned" : "nobody iterates the stream"};
    if (c.parked && agent.pull)
        return {agent.name, last_of(s.ops), "the loop over the stream has not passed it yet"};
    if (c.parked && agent.has_body)
        return {agent.name, "coroutine", "it has not asked for the next one yet"};
    if (c.more) return {agent.name, s.ops, "more of its values come, when there is room for them"};
    if (c.parked) return {agent.name, last_of(s.ops), "there is no room behind it"};
    if (c.tries.failed())
        return {agent.name, s.ops,
                "attempt " + std::to_string(c.tries.failures()) + " of " +
                    std::to_string(agent.on_error.retries() + 1) +
                    " has failed, the next one is due " + in(c.tries.due() - now_)};
    if (s.occupancy->occupant)
        return {agent.name, last_of(s.ops), "another message waits for room behind it"};
    if (waits_for_dead_letters(agent))
        return {agent.name, s.ops, "a dead letter waits for room in the producer"};
    if (c.in_order() && c.waits_for_others())
        return {agent.name, s.ops,
                "it waits for messages of other inputs whose times are lower, or which are still "
                "read"};
    return {agent.name, s.ops, "it waits for its turn"};
}

/// Looks for a cursor of the partition that has not passed this offset.
std::optional<conductor::holder> conductor::unfinished_cursor(const owned_partition& p, offset at,
                                                              bool parked) const {
    for (auto& c : p.cursors()) {
        if (c->finished() || c->parked != parked) continue;
        if (c->reads->offset_of(c->position) <= at) return why_not_finished(*c);
    }
    return {};
}

/// Looks for the boundary that holds the message.
std::optional<conductor::holder> conductor::boundary_with(const owned_partition& p,
                                                          offset at) const {
    for (auto& b : boundaries_) {
        const auto* why = b.from->why_held(*p.tracker, at);
        if (!why) continue;
        holder found{b.agent().name, b.from->op, why};
        if (!b.cursor->finished() && b.cursor->in_work()) {
            const auto downstream = why_not_finished(*b.cursor);
            found.why = downstream.op + ": " + downstream.why;
        }
        return found;
    }
    return {};
}

/// Who else holds a message that all cursors have passed.
conductor::holder conductor::holder_behind_cursors(const owned_partition& p, offset at) const {
    if (const auto h = producer_.holder_of(*p.tracker, at)) return {h->agent->name, h->op, h->why};
    std::string agent;  // empty if there are several
    for (auto& c : p.cursors()) {
        if (!agent.empty() && agent != c->runs->agent->name) return {{}, {}, "a hold of yours"};
        agent = c->runs->agent->name;
    }
    return {agent, {}, "a hold of yours, or an event behind noack() that was not acknowledged"};
}

conductor::holder conductor::holder_of(const owned_partition& p, offset at) const {
    if (const auto h = unfinished_cursor(p, at, false)) return *h;
    // A boundary knows more about a parked message than that there is no room.
    if (const auto h = boundary_with(p, at)) return *h;
    if (const auto h = unfinished_cursor(p, at, true)) return *h;
    if (p.undecodable() && p.undecodable()->message().offset <= at)
        return {{}, "decode", "it does not decode: " + text_of(p.undecodable()->error)};
    if (p.tracker->oldest_open() == at) return holder_behind_cursors(p, at);
    return {{}, {}, "it was released without being acknowledged"};
}

/// What the slowest agent keeps the others from, if it is behind them.
std::string conductor::who_lags(const owned_partition& p) const {
    const auto *last = p.slowest(), *first = p.fastest();
    if (!last || p.behind(*last) == p.behind(*first)) return {};
    const auto n = p.behind(*last) - p.behind(*first);
    const auto messages = std::to_string(n) + (n == 1 ? " message" : " messages");
    const auto &slow = last->runs->agent->name, &fast = first->runs->agent->name;
    auto text = slow == fast
                    ? "; one branch of agent '" + slow + "' is " + messages + " behind another"
                    : "; agent '" + slow + "' is " + messages + " behind agent '" + fast + "'";
    if (n >= settings_.options.stream_buffer_max)
        text += ", and no more is read, since that is stream_buffer_max";
    else if (const auto most = settings_.options.open_max;
             p.tracker->open() < most && p.may_be_open() >= most)
        text += ", and no more is read, since open_max messages are open or not finished";
    return text;
}

std::optional<blocked> conductor::explain(const topic_partition& tp) const {
    blocked b;
    b.topic = tp.topic;
    b.partition = tp.partition;
    b.since = clock_.wall();
    const auto it = partitions_.find(tp);
    if (it == partitions_.end()) {
        const bool is_read = std::any_of(topics_.begin(), topics_.end(),
                                         [&](const auto& t) { return t.topic == tp.topic; });
        b.why = is_read ? "the partition is not assigned to this app" : "no agent reads this topic";
        if (const auto copy = tables_.copy_of(tp); !copy.empty()) b.why += "; " + copy;
        return b;
    }
    const auto& p = *it->second;
    const auto at = p.tracker->committable();
    if ((p.tables && !p.tables->ready) || !tables_.globals_restored()) {
        b.why = tables_.why_not_ready(tp);
        return b;
    }
    const auto written = p.tables ? tables_.being_written(tp) : std::string{};
    const auto full = p.tables ? tables_.why_full(tp) : std::string{};
    if (at == p.tracker->end() && !p.revoking() && written.empty()) {
        if (p.tables) b.why = full.empty() ? tables_.why_open(tp) : full;
        return b.why.empty() ? std::nullopt : std::optional{b};
    }
    b.offset = at;
    if (at == p.tracker->end() && !written.empty()) {
        b.offset = p.tables->written;
        b.why = written;
    }
    if (at < p.tracker->end()) {
        const auto age = clock_.steady() - p.oldest_since();
        b.since -= std::chrono::duration_cast<std::chrono::milliseconds>(age);
        const auto h = holder_of(p, at);
        b.agent = h.agent;
        b.op = h.op;
        b.why = h.why + who_lags(p);
        if (p.tracker->open() >= settings_.options.open_max)
            b.why += "; no more is read, since open_max = " +
                     std::to_string(settings_.options.open_max) + " messages are open";
    }
    if (!full.empty()) b.why += "; " + full;
    if (p.revoking())
        b.why += std::string{b.why.empty() ? "" : "; "} + "the partition is being given up";
    if (error_) b.why += "; the app stops with an error: " + text_of(error_);
    else if (ends_soon()) b.why += "; the app is stopping";
    return b;
}

}  // namespace weir::detail
