// SPDX-License-Identifier: Apache-2.0
// Tables that bodies change: `clicks[user] += 1`.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {
namespace {

/// Of a batch that is taken apart, the element's.
const context& message_of(const segment_turn& turn) {
    return turn.element ? *turn.element : *turn.current;
}

}  // namespace

const context* conductor::message_for(table_info& t) {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    if (!turn || !turn->current)
        throw weir::error{
            "weir: table '" + t.name +
            "' is changed where no message is being processed: a table is changed in "
            "functions of operators and in coroutines that work on a message, not in tasks, "
            "timers or posted calls"};
    const auto& agent = *static_cast<const segment_cursor*>(turn->work)->runs->agent;
    t.check_changed_by(agent, table_info::change_by::functions);
    const auto& c = message_of(*turn);
    t.check_source(c.partition(), c.from.of_batch(c.i));
    return c.ownership() == ownership::lost ? nullptr : &c;
}

worker* conductor::coroutine() const { return coroutines_.at_work; }

partition_id conductor::partition_in_work(const table_info& t) const {
    const agent_info* agent = nullptr;
    const topic_partition* tp = nullptr;
    if (const auto* by = coroutines_.at_work) {
        const auto m = by->in_work();
        agent = m.agent;
        tp = m.tp;
    } else if (const auto* turn = turn_.load(std::memory_order_relaxed); turn && turn->current) {
        agent = static_cast<const segment_cursor*>(turn->work)->runs->agent;
        tp = message_of(*turn).partition();
    }
    if (!agent || !tp || agent->name != t.changed_by) return -1;
    const auto is_its = [&](auto* in) { return in->name == tp->topic; };
    return std::any_of(t.inputs.begin(), t.inputs.end(), is_its) ? tp->partition : -1;
}

std::optional<timestamp> conductor::time_in_work() const {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    if (!turn || !turn->current) return {};
    return message_of(*turn).time();
}

/// In a segment messages come one after the other: the one before is finished.
void conductor::changes(const std::shared_ptr<shard>& s) {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    auto& c = static_cast<segment_cursor&>(*turn->work);
    if (c.changed_at != turn->current->i) finish_changes(c);
    c.changed_at = turn->current->i;
    if (std::find(c.changed.begin(), c.changed.end(), s) == c.changed.end()) c.changed.push_back(s);
}

/// A message that was acknowledged by hand may be committed already: it is not held.
std::optional<body_changes::finished_message> conductor::finished(const topic_info& t,
                                                                  partition_id p, offset at) const {
    const auto it = partitions_.find({t.name, p});
    if (it == partitions_.end() || it->second->abandoned()) return {};
    auto& tracker = *it->second->tracker;
    if (at < tracker.committable()) return finished_message{{}, &it->second->tp};
    return finished_message{hold{tracker, at}, &it->second->tp};
}

void conductor::finish_changes(segment_cursor& c) {
    for (auto& s : c.changed) s->finish();
    c.changed.clear();
}

/// The message at index `at` has failed.
void conductor::undo_changes(segment_cursor& c, std::size_t at) {
    if (c.changed_at == at)
        for (auto& s : c.changed) s->undo();
    finish_changes(c);
}

}  // namespace weir::detail
