// SPDX-License-Identifier: Apache-2.0
// Shards whose partition has been given up, and may come back soon.
#pragma once
#include <map>
#include <memory>
#include <optional>
#include <utility>

#include <weir/clock.hpp>
#include <weir/state/shard.hpp>

#include "changelog.hpp"

namespace weir::detail {

/// A shard at rest: all of it is committed, and its changelog has it up to `next`.
struct warm_shard {
    std::shared_ptr<detail::shard> shard;
    offset next = 0;          // of the changelog: where it goes on
    changelog_owner owner{};  // who has written what is before; of a topic's table: nobody
    cut at{};                 // of the inputs
};

/// Kept in memory for the table's `warm_for`: an eager rebalance takes them away and gives most of
/// them back.
class warm_shards {
public:
    void keep(table_info&, partition_id, warm_shard, time_point now);
    /// Nothing: it is not here, or not any more.
    std::optional<warm_shard> take(table_info&, partition_id);
    /// Those whose time is over. True if there was one.
    bool forget_old(time_point now);
    /// When the next one's time is over.
    time_point due() const;
    void clear() { all_.clear(); }

private:
    struct kept {
        warm_shard what;
        time_point until;
    };
    std::map<std::pair<table_info*, partition_id>, kept> all_;
};

}  // namespace weir::detail
