// SPDX-License-Identifier: Apache-2.0
// Commits what is committable: after a time, after a number of messages, or when asked.
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <vector>

#include <weir/transport/transport.hpp>

#include "../state/tables.hpp"
#include "owned_partition.hpp"
#include "settings.hpp"

namespace weir::detail {

using owned_partitions = std::map<topic_partition, std::unique_ptr<owned_partition>>;

/// Made for one run, used on the loop's thread. Where tables are changed, a tick begins to write
/// them, and the offsets are committed when that is done. One commit is in flight at a time: of two
/// overlapping commits the last would win, even if it went backwards. A commit that is asked for
/// meanwhile is sent when the answer has come. What the broker refuses stays committable, so it is
/// sent again at the next tick.
class committer {
public:
    committer(transport::transport&, const settings&, tables&);

    /// Commits if a tick is due, or if enough messages are finished.
    void poll(const owned_partitions&, time_point now);
    /// Commits now.
    void commit(const owned_partitions&);
    /// Commits what is left at the end of a run. True when nothing is left. A commit that fails is
    /// sent again after a pause.
    bool finish(const owned_partitions&, time_point now);
    /// The same for one partition at the end of its assignment. It does not wait for other
    /// partitions.
    bool finish(const owned_partition&, const owned_partitions&, time_point now);
    bool in_flight() const { return in_flight_; }
    time_point next_try() const { return not_before_; }
    void answered(owned_partitions&, const transport::commit_result&, weir::hooks&);
    /// The next tick, if there is anything to commit.
    time_point due(const owned_partitions&) const;
    /// The tables can't be written any more: what they bound is not waited for.
    void give_up_tables() { gave_up_tables_ = true; }

private:
    std::size_t finished(const owned_partitions&) const;
    void commit_written(const owned_partitions&);
    bool left(const owned_partition&) const;

    transport::transport& transport_;
    const settings& settings_;
    tables& tables_;
    time_point next_, not_before_{};
    bool in_flight_ = false, asked_ = false, gave_up_tables_ = false;
};

}  // namespace weir::detail
