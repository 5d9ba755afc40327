// SPDX-License-Identifier: Apache-2.0
// Tables that bodies change: `clicks[user] += 1`.
#include <algorithm>

#include <weir/error.hpp>

#include "conductor.hpp"

namespace weir::detail {

const context* conductor::message_for(const table_info& t) {
    const auto* turn = turn_.load(std::memory_order_relaxed);
    if (coroutines_.at_work || !turn || !turn->current)
        throw weir::error{"weir: table '" + t.name +
                    "' is changed where no message is being processed: a table is changed in "
                    "functions of operators, not in coroutines, tasks, timers or posted calls"};
    const auto& agent = static_cast<const segment_cursor*>(turn->work)->runs->agent->name;
    if (agent != t.changed_by)
        throw weir::error{"weir: agent '" + agent + "' changes table '" + t.name + "'" +
                    (t.changed_by.empty() ? "" : ", and agent '" + t.changed_by + "' does, too") +
                    ": say which agent does by its option .tables = {…}"};
    const auto& c = *turn->current;
    if (!c.partition())
        throw weir::error{"weir: table '" + t.name +
                    "' is changed by a value that comes from no topic: it could not be read again "
                    "after a restart"};
    return c.ownership() == ownership::lost ? nullptr : &c;
}

/// In a segment messages come one after the other: the one before is finished.
void conductor::changes(const std::shared_ptr<shard>& s) {
    const auto* c = turn_.load(std::memory_order_relaxed)->current;
    if (c != changed_by_ || c->i != changed_by_index_) finish_changes();
    changed_by_ = c;
    changed_by_index_ = c->i;
    const auto& all = changed_in_body_;
    if (std::find(all.begin(), all.end(), s) == all.end()) changed_in_body_.push_back(s);
}

void conductor::finish_changes() {
    for (auto& s : changed_in_body_) s->finish();
    changed_in_body_.clear();
    changed_by_ = nullptr;
}

/// The message at index `at` has failed.
void conductor::undo_changes(const segment_cursor&, std::size_t at) {
    if (changed_by_index_ == at)
        for (auto& s : changed_in_body_) s->undo();
    finish_changes();
}

}  // namespace weir::detail
