// SPDX-License-Identifier: Apache-2.0
// Tables that bodies change: `clicks[user] += 1`.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {

const context* conductor::message_for(const table_info& t) {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    if (coroutines_.at_work || !turn || !turn->current)
        throw weir::error{
            "weir: table '" + t.name +
            "' is changed where no message is being processed: a table is changed in "
            "functions of operators, not in coroutines, tasks, timers or posted calls"};
    const auto& agent = static_cast<const segment_cursor*>(turn->work)->runs->agent->name;
    if (agent != t.changed_by)
        throw weir::error{
            "weir: agent '" + agent + "' changes table '" + t.name + "'" +
            (t.changed_by.empty() ? "" : ", and agent '" + t.changed_by + "' does, too") +
            ": say which agent does by its option .tables = {…}"};
    const auto& c = *turn->current;
    if (!c.partition())
        throw weir::error{
            "weir: table '" + t.name +
            "' is changed by a value that comes from no topic: it could not be read again "
            "after a restart"};
    return c.ownership() == ownership::lost ? nullptr : &c;
}

/// In a segment messages come one after the other: the one before is finished.
void conductor::changes(const std::shared_ptr<shard>& s) {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    auto& c = static_cast<segment_cursor&>(*turn->work);
    if (c.changed_at != turn->current->i) finish_changes(c);
    c.changed_at = turn->current->i;
    if (std::find(c.changed.begin(), c.changed.end(), s) == c.changed.end()) c.changed.push_back(s);
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
