// SPDX-License-Identifier: Apache-2.0
// What the loop needs from a broker: one member of a consumer group, and one producer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/message.hpp>

namespace weir::transport {

using weir::fetch;

/// Offsets from `from` up to, without, `to`.
struct offset_range {
    weir::offset from = 0, to = 0;
};

/// A partition that is read: one that is assigned, from the assignment until its owner releases or
/// loses it, or a reader's.
class partition {
public:
    virtual ~partition() = default;
    /// At most `most` next messages; null if there are none now. `recycled` is the result of an
    /// earlier read of this partition, or null: its memory is used again, and its messages are
    /// gone. What other reads have brought stays.
    virtual std::unique_ptr<fetch> read(std::size_t most, std::unique_ptr<fetch> recycled) = 0;
    /// The offset behind the last message, if it is known without asking the broker.
    virtual std::optional<offset> end() const { return {}; }
    /// Where reading goes on. If there is nothing more it lies behind what will never be read, too:
    /// a gap, a transaction's marker. None: not known.
    virtual std::optional<offset> position() const { return {}; }
    /// Nothing more is to be read, for all that is known without asking the broker.
    virtual bool at_end() const {
        const auto at = position(), last = end();
        return at && last && *at >= *last;
    }
    /// Reading goes on at this offset, though what follows it was read already. False: it cannot.
    virtual bool seek(offset) { return false; }
    /// What the broker has deleted before it was read, though the group had come no farther. Told
    /// once; the last read has gone on behind it.
    virtual std::optional<offset_range> take_lost() { return {}; }
};

struct assignment {
    topic_partition tp;
    // what the group has committed, if it is known without asking the broker
    std::optional<offset> committed;
    std::unique_ptr<transport::partition> partition;
};

enum class commit_error : std::uint8_t { none, broker, generation, member, fenced };
struct position {
    topic_partition tp;
    weir::offset offset = 0;  // the offset of the next message to be read
};
struct commit_result {
    std::vector<position> positions;
    commit_error error = commit_error::none;
    std::string text{};
};
struct delivery {
    bool failed = false;  // for good: the transport's own retries are over
    std::string text{};
    bool too_large = false;                // its topic accepts no message of this size
    std::optional<weir::offset> offset{};  // that the message has got; none: failed, or not known
};

/// A member of the group.
struct group_member {
    std::string id;  // the same for everybody who asks
    bool is_self = false;
    std::vector<topic_partition> partitions{};  // that it has
};

/// Called by `poll`, on the loop's thread.
class listener {
public:
    virtual void assigned(std::vector<assignment>) = 0;
    /// The partitions are revoked: finish what is in work, commit, then call `release`. Nothing of
    /// them is read meanwhile.
    virtual void revoked(std::vector<topic_partition>) = 0;
    /// The partitions are somebody else's already: nothing can be committed, and nothing is to be
    /// answered.
    virtual void lost(std::vector<topic_partition>) = 0;
    virtual void delivered(std::uint64_t token, const delivery&) = 0;
    virtual void committed(const commit_result&) = 0;
    /// A new topic matches a subscribed pattern, or a known topic has more partitions.
    virtual void topics_changed() = 0;
    /// Since `watch_members`: who is in the group, this member among them. Told when the partitions
    /// have been given out, and perhaps again and again.
    virtual void members(const std::vector<group_member>&) {}
    /// A sentence about what is wrong with the broker or the connection. `fatal`: it will not get
    /// better, so the run should end.
    virtual void problem(const std::string& /*text*/, bool /*fatal*/) {}

protected:
    ~listener() = default;
};

struct topic_spec {
    std::string name;
    partition_id partitions = 0;  // 0: the broker's default
    int replication = 0;          // 0: the broker's default
    std::vector<std::pair<std::string, std::string>> config{};
};

/// A topic's settings by name.
using topic_config = std::map<std::string, std::string>;

enum class reset : std::uint8_t { earliest, latest };
struct subscription {
    // A name that begins with ^ is a pattern, for a transport that finds new topics by itself.
    // Topics that match now are subscribed by name, too. A transport that ignores patterns calls
    // `topics_changed`.
    std::string topic;
    reset from = reset::earliest;  // where to start while nothing is committed
    // Equal partition numbers of all such topics go to the same member, where they have equally
    // many partitions and every member subscribes to all of them. On Kafka the whole group is
    // assigned so: `subscribe` throws setup_error if the user's properties say otherwise, or if the
    // member has joined without such a topic.
    bool co_partitioned = false;
};

/// A message to be sent. `send` copies the views if the transport needs them longer.
using topic_id = std::uint32_t;
struct record {
    topic_id topic = 0;
    // none: chosen by key with murmur2, as Kafka's own clients do
    std::optional<partition_id> partition{};
    bytes_view key{};
    bytes_view value{};
    const weir::headers* headers = nullptr;
    weir::timestamp timestamp{};
};

/// One app's connection to a broker. Everything is called on the loop's thread. Only the topic
/// calls and `close` may block.
class transport {
public:
    virtual ~transport() = default;

    // topics
    // none: no such topic
    virtual std::optional<partition_id> partitions(const std::string& topic) = 0;
    virtual std::vector<std::string> topics() = 0;
    virtual void create(const topic_spec&) = 0;  // a topic that exists is success
    /// The settings of topics, in this order (a name may come twice). Empty for a topic that does
    /// not exist, and for one whose settings the broker does not tell.
    virtual std::vector<topic_config> configs(std::span<const std::string> topics) = 0;

    // consuming: one member of the group
    /// Replaces what was subscribed before; the first call joins the group.
    virtual void subscribe(std::span<const subscription>) = 0;
    virtual void release(std::span<const topic_partition>) = 0;
    /// Answered by `listener::committed`. The caller has one commit in flight at a time. If the
    /// member is refused or fenced, all its partitions are lost, and the transport joins the group
    /// again.
    virtual void commit(std::span<const position>) = 0;
    /// Nobody needs the messages below these offsets any more: the broker may delete them. Not
    /// answered; the first failure is told by `listener::problem`, and harms nothing.
    virtual void purge(std::span<const position>) = 0;

    /// From now on the listener is told who is in the group. What it is told may be out of date.
    /// A failure that stays is told once by `listener::problem`, and harms nothing.
    virtual void watch_members() {}

    // reading without the group
    /// Reads a partition from `from` on, whoever it is assigned to; the group knows nothing of it.
    /// A partition has one reader at a time; throws weir::error for a second one.
    ///
    /// - `from` 0 is the start of the log, wherever that is. What the log does not have any more of
    ///   a larger `from` is told by `take_lost`. A log that ends before `from` is not the one that
    ///   was meant: it is read from its start, so `position` is smaller than `from`.
    /// - All that was in the partition when the reader was made has been read when `position` is
    ///   not below `end`. Ask for both anew each time. `end` is none until the broker has told it.
    ///   Messages of an open transaction count as soon as the transaction has ended.
    /// - The reader fetches a limited amount ahead, also if nobody reads, until it is destroyed. It
    ///   wakes `fd`, and goes on after a broker that was away.
    /// - That it can never go on (there is no such partition any more, or it may not be read) is
    ///   told by `listener::problem` and is fatal.
    virtual std::unique_ptr<partition> reader(const topic_partition&, offset from) = 0;

    // producing
    virtual topic_id open(const std::string& topic) = 0;  // the same name gives the same id
    /// Answered by `listener::delivered(token)`. False: there is no room now, and nothing was
    /// taken. Try again later.
    virtual bool send(const record&, std::uint64_t token) = 0;

    /// Calls the listener for everything that has happened since the last call. True if anything
    /// has. Never blocks.
    virtual bool poll(listener&) = 0;
    /// Readable when `poll` or a partition has something new; -1 if everything happens on this
    /// thread.
    virtual int fd() const = 0;
    /// Leaves the group. All partitions must have been released before. Delivery reports that still
    /// come are given to the listener. If the broker does not answer, it gives up after `most`.
    virtual void close(listener&, duration most) = 0;
};

}  // namespace weir::transport
