// SPDX-License-Identifier: Apache-2.0
// Every option, with default, unit and effect. docs/options.md has them on one page. The order of
// the fields is part of the interface, because of designated initializers.
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

/// Where a partition is read from if its group has committed nothing. Internal topics are always
/// read from the earliest.
enum class offset_reset : std::uint8_t { earliest, latest };
inline constexpr offset_reset earliest = offset_reset::earliest;
inline constexpr offset_reset latest = offset_reset::latest;

/// What happens if messages were deleted before the group had read them. go_on: it is logged,
/// counted and told to the hooks, and reading goes on at the first message that is there.
/// stop_app: the app stops, and nothing behind them is committed.
enum class lost_offsets : std::uint8_t { go_on, stop_app };

/// Where the rows of a table are. memory: all of them. rocksdb: on disk, and those in memory that
/// were used last; weir is built with RocksDB.
enum class store : std::uint8_t { memory, rocksdb };
inline constexpr store rocksdb = store::rocksdb;

using properties = std::vector<std::pair<std::string, std::string>>;

/// Options of an embedded broker.
struct memory_options {
    /// Partitions of a topic that is created without a number; default 1. As `num.partitions`.
    partition_id default_partitions = 1;
    /// Bytes one partition may hold, messages and their bookkeeping; default 64 MiB. As
    /// `retention.bytes`, but with a promise: beyond it the oldest messages are dropped (in chunks
    /// of up to 512 KiB) only once every group that ever subscribed to the topic has committed past
    /// them; until then `send` to that partition answers false. A topic that no group has ever
    /// subscribed to just keeps its newest messages. An empty partition takes any one message.
    std::size_t retention_bytes = std::size_t{64} << 20;
    /// Bytes of one message, counted and by default limited as Kafka does it: key, value, headers,
    /// and what a batch with this one message in it has around them (about 70). A larger message
    /// fails its delivery. As `max.message.bytes`.
    std::size_t max_message_bytes = 1'048'588;
    friend bool operator==(const memory_options&, const memory_options&) = default;
};

struct app_options {
    /// "memory://" is the app's own embedded broker, "memory://NAME" one shared in the process,
    /// "kafka://host:port" Kafka.
    std::string broker = "memory://";
    /// The time between two commits. On Kafka this replaces `auto.commit.interval.ms`.
    duration commit_interval = std::chrono::seconds{3};
    /// Also commits after so many finished messages. 0: by time alone.
    std::size_t commit_every = 0;
    /// Messages of `group_by`'s internal topics are deleted some time after they are committed.
    bool purge_internal = true;
    /// How many messages of one partition its fastest agent may be ahead of its slowest.
    std::size_t stream_buffer_max = 4096;
    /// Messages of one partition that may be open: buffered, on their way to a topic, or held. At
    /// the limit the partition is not read.
    std::size_t open_max = 100'000;
    /// Where to start if nothing is committed. Kafka: `auto.offset.reset`. The topics of `group_by`
    /// and `through` are always read from the earliest.
    offset_reset auto_offset_reset = earliest;
    /// What happens if the broker has deleted messages that the group had still to read.
    lost_offsets on_lost_offsets = lost_offsets::go_on;
    /// How long weir may finish what it has begun of a revoked partition. Must be shorter than
    /// `max.poll.interval.ms`.
    duration drain_timeout = std::chrono::seconds{10};
    /// The longest that `stop()` takes to finish, flush and commit.
    duration shutdown_timeout = std::chrono::seconds{30};
    /// How long the start waits for Kafka's first answer before it throws setup_error. With
    /// `duration::max()` it waits until the broker is there, says every 30 s why it is not, and
    /// `stop()` ends it.
    duration connect_timeout = std::chrono::seconds{10};
    /// For bytes that do not decode.
    policy on_decode_error = stop;
    /// An exception in user code. Not set means skip: the message is lost. For batches, pull
    /// streams and values that cannot be encoded (encode_error) it means stop.
    policy on_error{};
    /// For a send that failed for good.
    policy on_produce_error = stop;
    /// librdkafka's properties; they replace weir's. The embedded broker ignores them and logs that
    /// once.
    properties kafka{};
    /// Of the embedded broker. A shared broker has the options of the app that made it. Another app
    /// gives the same options, or none.
    memory_options memory{};
    /// Not owned; null: the real clock.
    weir::clock* clock = nullptr;
    /// Not owned; null: the log goes to standard error.
    weir::hooks* hooks = nullptr;
    /// Threads that make the calls of `weir::offload`.
    std::size_t offload_threads = 4;
    /// Calls of `weir::offload` that may wait for a thread; the next one waits for room.
    std::size_t offload_max = 1024;
    /// Where a clean stop leaves snapshots of the app's tables, in a directory of the app's name.
    /// The next start reads on from there. Empty: it leaves none.
    std::string state_dir{};
    /// What all tables together may take in memory, in bytes. At the limit the partitions that feed
    /// them are not read. 0: no limit.
    std::size_t tables_memory = 0;
    /// How far the time that `topic.time(f)` takes from a value may be ahead of the app's clock. A
    /// later one is a decode error.
    duration ahead_max = std::chrono::hours{24};
};

struct topic_options {
    /// 0: the broker's default on Kafka, one on the embedded broker; as many as the source for a
    /// topic that an operator creates.
    partition_id partitions = 0;
    /// 0: the broker's default.
    int replication = 0;
    /// The topic's own settings, used when it is created (`retention.ms`, `cleanup.policy`, …).
    /// They win over weir's.
    properties config{};
    policy on_decode_error{};
    policy on_produce_error{};
    friend bool operator==(const topic_options&, const topic_options&) = default;
};

namespace detail {
class table_info;
}
template <class K, class V>
class table;

/// Any table, in a list of them.
class table_ref {
public:
    template <class K, class V>
    table_ref(const table<K, V>& t) : info_(&t.info()) {}
    detail::table_info& info() const { return *info_; }

private:
    detail::table_info* info_;
};

struct agent_options {
    policy on_error{};
    /// The tables that its bodies change, by `t[key] += 1` and the like. Those that its operators
    /// change need not be named.
    std::vector<table_ref> tables{};
};

/// The order in which the results of asynchronous calls are passed on. all: the order of the input.
/// key: the order of the input for each key, with one call of a key at a time; messages without a
/// key count as one key. none: the order in which they complete.
enum class order_by : std::uint8_t { all, key, none };

struct group_by_options {
    /// Names the internal topic. If the key is a field, it is the field's name.
    std::string name{};
    /// The internal topic's whole name, in place of the one that weir makes. It ends in
    /// "-repartition".
    std::string topic{};
    /// 0: as many as the source has.
    partition_id partitions = 0;
    /// 0: the broker's default.
    int replication = 0;
    /// Settings of the internal topic, used when it is created. They win over weir's, such as
    /// `retention.ms=-1`.
    properties config{};
    /// Calls at the same time, for a key function that returns a task.
    std::size_t concurrency = 1;
    /// The order of sending, for a key function that returns a task.
    order_by order = order_by::all;
};

struct map_options {
    /// Calls at the same time, for a function that returns a task.
    std::size_t concurrency = 1;
    /// The order of the results.
    order_by order = order_by::all;
};

struct task_options {
    /// What happens if it throws. `skip`: the error is logged and counted, and the app goes on
    /// without the coroutine.
    policy on_error = stop;
};

struct timer_options {
    /// What happens if a call throws. `skip`: the error is logged and counted, and the next call
    /// comes at its time.
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
    /// Names a pull stream in logs and the graph, and its operators' topics.
    std::string name{};
};

}  // namespace weir

// Compiled once in the library: at -O0 every file would pay for it.
extern template class std::vector<std::pair<std::string, std::string>>;
