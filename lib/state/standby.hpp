// SPDX-License-Identifier: Apache-2.0
// Copies of tables' partitions that other members have, kept up to date to take them over.
#pragma once
#include <compare>
#include <cstddef>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include <weir/clock.hpp>
#include <weir/transport/transport.hpp>

#include "shard_group.hpp"

namespace weir::detail {

/// The tables of a partition that share inputs.
struct group_key {
    const topic_info* first_input;
    partition_id partition;
    friend auto operator<=>(const group_key&, const group_key&) = default;
};

/// Which members keep copies of a topic's partitions. All members come to the same answer, if they
/// are told the same: nobody asks anybody. A partition's owner keeps none. Where the group gives
/// the partitions out in ranges, the first is who gets this one most often if a member leaves, its
/// owner or another; the last, in an order of each partition's own, are those who never get it.
class copy_keepers {
public:
    copy_keepers(std::span<const transport::group_member>, const std::string& topic,
                 partition_id count);
    /// This member is one of the `n` of this partition.
    bool is_self_one(partition_id, int n) const;

private:
    using member = transport::group_member;
    const member* owner_in_ranges(partition_id, const member* gone) const;

    const std::string topic_;
    std::vector<const member*> sorted_;  // by id
    std::vector<const member*> owners_;  // by partition; null: nobody has it
    bool in_ranges_ = true;
};

/// The copies that this member keeps. A copy is a shard_group that no input has been assigned to:
/// it restores, and never comes to an end. It becomes the owner's when its inputs are assigned.
/// Used on the loop's thread.
class standby_copies {
public:
    bool has(const group_key& k) const { return all_.contains(k); }
    /// It could not be followed. Another try would come to the same.
    bool is_refused(const group_key& k) const { return refused_.contains(k); }
    void keep(const group_key&, std::unique_ptr<shard_group>);
    void refuse(const group_key&, const std::exception&);
    /// Null: there is none.
    std::unique_ptr<shard_group> take(const group_key&);
    bool any() const { return !all_.empty(); }
    template <class F>
    void each(F f) {
        for (auto& [key, one] : all_) one.group->each(f);
    }
    /// Drops all of them for this run.
    void give_up(const std::string& why);
    /// Drops those that are not in it.
    void keep_only(const std::set<group_key>&);
    void clear();

    /// Reads on, at most so many records, by turns. True if there was anything. A changelog that is
    /// refused is not followed any more: one line of the log says why.
    bool follow(std::size_t most, time_point now, timestamp wall);
    /// How many records a copy is behind, and since when; nothing: there is no copy.
    struct delay {
        offset records = 0;
        duration time{};
    };
    std::optional<delay> behind(const group_key&, time_point now) const;
    /// How many tables' partitions are copied here, and how many records they are behind.
    struct sum {
        std::size_t shards = 0;
        offset behind = 0;
    };
    sum of_all() const;
    sum of(const table_info&) const;
    std::vector<std::string> take_lines();

private:
    struct copy {
        std::unique_ptr<shard_group> group;
        time_point at_end{};  // when it was at the end of its changelogs last, or was begun
    };
    std::map<group_key, copy> all_;
    std::set<group_key> refused_;
    group_key last_{};  // whose turn it was
    std::vector<std::string> lines_;
};

}  // namespace weir::detail
