// SPDX-License-Identifier: Apache-2.0
// The inputs of one agent whose messages go by their times.
#pragma once
#include <optional>
#include <vector>

#include <weir/fwd.hpp>

namespace weir::detail {

struct agent_info;
class owned_partition;
class shard_group;
struct partition_cursor;

/// Partitions of one number whose messages change tables that depend on time: joins of streams, and
/// windows over several streams. The message with the lowest time goes next. Where times are equal,
/// the input goes first that stands first here.
struct ordered_inputs {
    struct input {
        owned_partition* from;
        std::vector<partition_cursor*> cursors;  // branches: each message goes through all of them
        partition_cursor* next = nullptr;        // whose message comes next; null: there is none
        timestamp time{};                        // of that message
        // Since when it has none, while the broker has some; none: it is not waited for.
        std::optional<time_point> waits_since{};
    };
    const shard_group* of;
    const agent_info* agent;
    duration wait;     // for messages that are still at the broker
    bool has_several;  // tables: the next message waits until the last one has come to all of them
    std::vector<input> inputs{};
};

}  // namespace weir::detail
