// SPDX-License-Identifier: Apache-2.0
// Every option, with its default, unit and effect. The order of the fields is part of the interface
// (designators).
#pragma once
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/policy.hpp>

namespace weir {

class clock;
class hooks;

/// Where a partition is read from while its group has committed nothing. Internal topics: always
/// earliest.
enum class offset_reset : std::uint8_t { earliest, latest };
inline constexpr offset_reset earliest = offset_reset::earliest;
inline constexpr offset_reset latest = offset_reset::latest;

using properties = std::vector<std::pair<std::string, std::string>>;

struct app_options {
    /// "memory://" is the app's own embedded broker, "memory://NAME" one shared in the process,
    /// "kafka://host:port" Kafka.
    std::string broker = "memory://";
    /// The time between two commits. On Kafka this replaces `auto.commit.interval.ms`.
    duration commit_interval = std::chrono::seconds{3};
    /// Commits also after so many finished messages; 0: by time alone.
    std::size_t commit_every = 0;
    /// The largest batch, in messages, that is read from one partition at a time.
    std::size_t stream_buffer_max = 4096;
    /// Messages of one partition that may be open (buffered, in flight, held); reaching it stops
    /// its reading.
    std::size_t open_max = 100'000;
    /// Where to start without a committed offset. Kafka: `auto.offset.reset`. What a pipeline goes
    /// on from, behind `group_by` and `through`, is always read from the earliest.
    offset_reset auto_offset_reset = earliest;
    /// How long a revoked partition's work is awaited before it is given up; keep it below
    /// `max.poll.interval.ms`.
    duration drain_timeout = std::chrono::seconds{10};
    /// The longest that `stop()` takes to finish, flush and commit.
    duration shutdown_timeout = std::chrono::seconds{30};
    /// Bytes that do not decode.
    policy on_decode_error = stop;
    /// An exception in user code. Not set: skip, but stop for batches, pull and encode_error.
    policy on_error{};
    /// A send that failed for good.
    policy on_produce_error = stop;
    /// librdkafka's properties; they win over ours. The embedded broker ignores them and says so
    /// once.
    properties kafka{};
    /// Not owned; null: the real one.
    weir::clock* clock = nullptr;
    /// Not owned; null: the log alone.
    weir::hooks* hooks = nullptr;
    /// Threads that make the calls of `weir::offload`.
    std::size_t offload_threads = 4;
    /// Calls of `weir::offload` that may wait for a thread; the next one waits for room.
    std::size_t offload_max = 1024;
};

struct topic_options {
    /// 0: one on the embedded broker (a derived topic: as many as its source), the broker's default
    /// on Kafka.
    partition_id partitions = 0;
    /// 0: the broker's default.
    int replication = 0;
    /// The topic's own settings, used when it is created (`retention.ms`, `cleanup.policy`, …).
    properties config{};
    policy on_decode_error{};
    policy on_produce_error{};
    friend bool operator==(const topic_options&, const topic_options&) = default;
};

struct agent_options {
    policy on_error{};
};

/// In which order the results of asynchronous calls go on: of input, of input among messages of one
/// key (their calls are made one after another; no key is one, too), or of completion.
enum class order_by : std::uint8_t { all, key, none };

struct group_by_options {
    /// Names the topic; a field names it by itself.
    std::string name{};
    /// 0: as many as the source has.
    partition_id partitions = 0;
    /// Calls under way at once, for a key function that returns a task.
    std::size_t concurrency = 1;
    /// Of what is sent on; for a key function that returns a task.
    order_by order = order_by::all;
};

struct map_options {
    /// Calls under way at once, for a function that returns a task.
    std::size_t concurrency = 1;
    /// Of the results.
    order_by order = order_by::all;
};

struct task_options {
    /// If it throws. `skip`: it is logged and counted, and the app goes on without it.
    policy on_error = stop;
};

struct timer_options {
    /// If a call throws. `skip`: it is logged and counted, and the next one comes in its time.
    policy on_error = stop;
};

struct to_options {
    /// The topics that are chosen from.
    std::vector<std::string> topics{};
};

struct channel_options {
    /// Values that may wait for one subscriber.
    std::size_t capacity = 4096;
};

struct stream_options {
    /// Names a pull stream: its operators' topics and its place in logs and the graph.
    std::string name{};
};

}  // namespace weir

// Made once in the library: at -O0 every file would pay for it.
extern template class std::vector<std::pair<std::string, std::string>>;
