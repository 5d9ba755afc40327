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
#include "disk_store.hpp"

namespace weir::detail {

/// A shard at rest: all of it is committed, and its changelog has it up to `next`.
struct warm_shard {
    std::shared_ptr<detail::shard> shard;
    offset next = 0;          // of the changelog: where it goes on
    changelog_owner owner{};  // who has written what is before; of a topic's table: nobody
    cut at{};                 // of the inputs
    std::shared_ptr<disk_store> disk{};  // its rows'; null: all are in memory
    // It is of a table on disk, and may have been left by a crash: its owner may have written more.
    bool owner_may_go_on = false;
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
    struct dropped {
        table_info* of;
        std::size_t bytes;
    };
    /// Forgets the one that has been kept longest, of this table or of all. Nothing: there is none.
    std::optional<dropped> drop_oldest(const table_info* of);
    /// `f(table, shard)` for each.
    template <class F>
    void each(F f) const {
        for (auto& [of, w] : all_) f(*of.first, *w.what.shard);
    }
    /// When the next one's time is over.
    time_point due() const;
    void clear() { all_.clear(); }

private:
    struct kept {
        warm_shard what;
        time_point since, until;
    };
    std::map<std::pair<table_info*, partition_id>, kept> all_;
};

}  // namespace weir::detail
