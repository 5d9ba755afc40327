// SPDX-License-Identifier: Apache-2.0
#include "committer.hpp"

#include <algorithm>
#include <cassert>

namespace weir::detail {
namespace {

// The pause after a failed commit, for commits that do not wait for a tick.
constexpr auto retry_pause = std::chrono::milliseconds{100};

}  // namespace

committer::committer(transport::transport& t, const settings& s, tables& of)
    : transport_(t),
      settings_(s),
      tables_(of),
      next_(later(s.clock->steady(), s.options.commit_interval)) {}

void committer::poll(const owned_partitions& all, time_point now) {
    const auto every = settings_.options.commit_every;
    if (!in_flight_ && now >= not_before_ && tables_.take_written()) commit_written(all);
    if (asked_ && !in_flight_ && now >= not_before_) commit(all);
    if (now >= next_) {
        const auto interval = settings_.options.commit_interval;
        // keeps the grid, and skips ticks that were missed
        next_ = later(next_ + (now - next_) / interval * interval, interval);
        commit(all);
    } else if (every > 0 && !in_flight_ && now >= not_before_ && finished(all) >= every) {
        commit(all);
    }
}

std::size_t committer::finished(const owned_partitions& all) const {
    std::size_t n = 0;
    for (auto& [tp, a] : all) n += a->tracker->uncommitted();
    return n;
}

void committer::commit(const owned_partitions& all) {
    if (in_flight_) {
        asked_ = true;
        return;
    }
    asked_ = false;
    tables_.begin_cuts();
    commit_written(all);
}

void committer::commit_written(const owned_partitions& all) {
    std::vector<transport::position> positions;
    for (auto& [tp, a] : all)
        if (const auto to = a->to_commit()) positions.push_back({tp, *to});
    if (positions.empty()) return;
    in_flight_ = true;
    transport_.commit(positions);
}

void committer::answered(owned_partitions& all, const transport::commit_result& r,
                         weir::hooks& hooks) {
    assert(in_flight_ && "each commit is answered once");
    in_flight_ = false;
    if (r.error != transport::commit_error::none) {
        not_before_ = settings_.clock->steady() + retry_pause;
        return;
    }
    for (auto& p : r.positions) {
        const auto it = all.find(p.tp);
        // The commit was of an older log.
        if (it == all.end() || p.offset > it->second->tracker->end()) continue;
        it->second->tracker->committed(p.offset);
        it->second->committed = p.offset;
        hooks.committed(p.tp, p.offset);
    }
}

bool committer::left(const owned_partition& a) const {
    const bool is_bound = gave_up_tables_ || (a.tables && a.tables->abandoned);
    return (is_bound ? a.to_commit() : a.tracker->to_commit()).has_value();
}

bool committer::finish(const owned_partitions& all, time_point now) {
    if (in_flight_) return false;
    const auto is_left = [&](auto& p) { return left(*p.second); };
    if (std::none_of(all.begin(), all.end(), is_left)) return gave_up_tables_ || tables_.idle();
    if (now >= not_before_) commit(all);
    return false;
}

/// A commit of this partition that is in flight is answered first. Until then something is left.
bool committer::finish(const owned_partition& a, const owned_partitions& all, time_point now) {
    if (!left(a)) return true;
    if (!in_flight_ && now >= not_before_) commit(all);
    return false;
}

time_point committer::due(const owned_partitions& all) const {
    for (auto& [tp, a] : all)
        if (a->tracker->to_commit()) return next_;
    return time_point::max();
}

}  // namespace weir::detail
