// SPDX-License-Identifier: Apache-2.0
// A broker inside this process: topics, consumer groups and commits without a port, a file or a
// thread. For tests and for programs without a server. It forgets everything when it is destroyed.
#pragma once
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <weir/message.hpp>
#include <weir/options.hpp>
#include <weir/transport/transport.hpp>

namespace weir::transport {
namespace memory {
class core;
}

using weir::memory_options;

struct memory_member_options {
    /// Sent messages whose report `poll` has not given yet; default 100,000. At the limit `send`
    /// returns false. Like `queue.buffering.max.messages`.
    std::size_t queue_max = 100'000;
    /// Not owned; null: the system's clock. The broker asks the clock of the member that connected
    /// last, on the thread of whoever uses the broker.
    const weir::clock* clock = nullptr;
};

/// A copy of a message in a topic.
struct stored_message {
    partition_id partition = 0;
    weir::offset offset = 0;
    bytes key{};
    bytes value{};
    weir::headers headers{};
    weir::timestamp timestamp{};
    friend bool operator==(const stored_message&, const stored_message&) = default;
};

/// The broker: topics, and what groups have committed. Its members, made by `connect`, share it and
/// keep it alive. All functions may be called on any thread, also while members work; one mutex
/// guards everything. A message keeps the timestamp that it was sent with.
///
/// Of a topic's settings the broker knows these. It keeps the others, tells them (`config`) and
/// does nothing with them. A value that Kafka would refuse is a setup_error.
/// - `cleanup.policy`: `delete` (the default), `compact` or both. A compacted topic takes no
///   message without a key. Of each key the last message stays, with its offset; a null value (a
///   tombstone) stays for `delete.retention.ms` (a day) after it was sent. What else goes, goes
///   while messages are sent, when it is half of the partition, or with `compact`. Nothing else is
///   ever dropped of such a topic: `memory_options::retention_bytes` does not hold for it.
/// - `retention.ms`: with `delete`, messages with older timestamps go from the front, also those
///   that a group has not read. Without it, or with -1, messages do not age.
/// - `retention.bytes`: with `delete`, whole chunks go from the front (of up to 512 KiB) as long as
///   so many bytes stay, also what a group has not read. Without it, or with -1, only
///   `memory_options::retention_bytes` holds.
///
/// Differences from Kafka: a message is in its topic when `send` returns true (`poll` still gives
/// its report); keyless messages take turns among the partitions; a committed offset beyond a
/// partition's end is waited for; with `reset::latest` only the partitions that existed when the
/// group first subscribed start at their end, and those added later start at their beginning.
class memory_broker {
public:
    explicit memory_broker(memory_options = {});
    memory_broker(const memory_broker&) = delete;
    memory_broker& operator=(const memory_broker&) = delete;
    ~memory_broker();

    /// The broker of `memory://NAME`. The first call makes it with these options, and all calls
    /// share it. It is destroyed with the last reference. A call without options takes the broker
    /// as it is. Throws setup_error if the broker has other options.
    static std::shared_ptr<memory_broker> named(const std::string& name, memory_options = {});

    // topics
    /// A topic that exists stays as it is. Throws setup_error for a bad name.
    void create_topic(const topic_spec&);
    /// Adds partitions to a topic until it has `total`; members learn it. Throws setup_error if it
    /// has more.
    void create_partitions(const std::string& topic, partition_id total);
    std::optional<partition_id> partitions(std::string_view topic) const;
    std::vector<std::string> topics() const;
    /// The settings that the topic was created with.
    topic_config config(std::string_view topic) const;
    /// What the topic contains, in the order of sending, over all its partitions.
    std::vector<stored_message> dump(std::string_view topic) const;
    /// Deletes the partition's messages before this offset, also those that a group has not read.
    /// As DeleteRecords. What a member holds of them stays readable.
    void delete_records(const topic_partition&, offset before);
    /// Compacts a topic now. Of one that is not compacted only what is too old goes. Throws
    /// setup_error if it does not exist.
    void compact(const std::string& topic);
    /// A gap: the partition's next message gets an offset that is `n` higher.
    void skip_offsets(const topic_partition&, offset n);

    // groups
    /// Commits for the group, without a member. Not in `commits`.
    void seed_commit(const std::string& group, const topic_partition&, offset);
    std::optional<offset> committed(std::string_view group, const topic_partition&) const;
    /// Successful commits of members, oldest first; the last 10,000 of a partition.
    std::vector<offset> commits(std::string_view group, const topic_partition&) const;

    // faults. They throw setup_error for a group or partition that does not exist.
    /// Revokes the partition from its owner. Then nobody has it until `assign`.
    void revoke(std::string_view group, const topic_partition&);
    /// The owner has lost the partition, and learns it. Nobody has it until `assign`.
    void lose(std::string_view group, const topic_partition&);
    /// Undoes `revoke` or `lose`: a member gets the partition, the last owner if nothing else has
    /// changed.
    void assign(std::string_view group, const topic_partition&);
    /// Ends a membership at once and without a commit. If the member polls again, its partitions
    /// are reported as lost. Its next `subscribe` joins again.
    void kill(transport& member);
    /// The next `n` messages sent to the topic are not stored; their reports say failed.
    void fail_next_send(const std::string& topic, std::size_t n);
    /// The next `n` commits of the group are not stored; their results are `error`. With `member`
    /// or `fenced` the membership has ended: the member loses all partitions, and joins again by
    /// its next poll.
    void fail_next_commit(const std::string& group, std::size_t n, commit_error);

private:
    friend std::unique_ptr<transport> connect(std::shared_ptr<memory_broker>, std::string,
                                              memory_member_options);
    std::unique_ptr<memory::core> core_;
};

/// One member of `group` and one producer, for one thread. It joins the group with its first
/// `subscribe`. If it is destroyed without `close`, it leaves the group at once.
///
/// What this transport adds to the interface:
/// - `fd` is an eventfd. It is readable after a rebalance, after a new message in an assigned
///   partition whose last `read` returned null, and when there is room again after a `send` that
///   returned false. So wait for it only after `poll` has returned false and the `read` of every
///   wanted partition has returned null.
/// - A `read` may return fewer than `most` messages although there are more. Only null means that
///   there are none.
/// - A commit that names a partition which the member does not own stores nothing and fails as a
///   whole: `commit_error::generation`, or `member` when the membership is over.
/// - A partition that is released without having been revoked stays with the member, which does not
///   read it, until the member leaves or subscribes again.
std::unique_ptr<transport> connect(std::shared_ptr<memory_broker>, std::string group,
                                   memory_member_options = {});

}  // namespace weir::transport
