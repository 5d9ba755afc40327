// SPDX-License-Identifier: Apache-2.0
// The limits of tables in memory.
#pragma once
#include <cstddef>
#include <vector>

#include <weir/state/shard.hpp>

#include "warm_shards.hpp"

namespace weir::detail {

/// Measures the tables of a run in every turn, and tells each how many messages its partitions may
/// read until the next one. Warm shards count; the oldest of them go before a partition stands
/// still. Used on the loop's thread.
class table_memory {
public:
    /// Of all tables together. 0: no limit.
    explicit table_memory(std::size_t all_max) : all_max_(all_max) {}
    void use(table_info&);
    /// Whether there is a limit: else nothing is measured.
    bool any() const { return any_; }
    /// Everything is measured anew: `add` each shard that is here, and then `tell`.
    void begin();
    void add(table_info&, const shard&);
    /// Of what was added, something has reached its limit.
    bool is_any_over() const;
    /// Before `tell`: rows of a table on disk leave memory.
    void leave(table_info&, shard&);
    void tell(warm_shards&);

private:
    bool is_over(const table_info& t) const {
        return t.memory_max > 0 && t.memory_used >= t.memory_max;
    }
    bool all_are_over() const { return all_max_ > 0 && all_used_ >= all_max_; }
    void make_room(warm_shards&);
    void tell(table_info&) const;

    std::vector<table_info*> tables_{};
    std::size_t all_max_, all_used_ = 0;
    bool any_ = all_max_ > 0;
};

}  // namespace weir::detail
