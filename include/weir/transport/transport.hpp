// SPDX-License-Identifier: Apache-2.0
// What the loop needs of a broker: one member of a consumer group, and one producer.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/message.hpp>

namespace weir::transport {

using weir::fetch;

/// An assigned partition, seen from its owner: lives from the assignment until the owner releases
/// or loses it.
class partition {
public:
    virtual ~partition() = default;
    /// The next messages, `most` at the most; null if none is there now. `recycled` is what an
    /// earlier read of this partition gave (or null): its storage is used again, its messages are
    /// gone.
    virtual std::unique_ptr<fetch> read(std::size_t most, std::unique_ptr<fetch> recycled) = 0;
    /// Behind the last message there is, as far as that is known at no cost.
    virtual std::optional<offset> end() const { return {}; }
};

struct assignment {
    topic_partition tp;
    // what the group has committed, where the transport knows it at no cost
    std::optional<offset> committed;
    std::unique_ptr<transport::partition> partition;
};

enum class commit_error : std::uint8_t { none, broker, generation, member, fenced };
struct position {
    topic_partition tp;
    weir::offset offset = 0;  // the next one to be read
};
struct commit_result {
    std::vector<position> positions;
    commit_error error = commit_error::none;
    std::string text{};
};
struct delivery {
    bool failed = false;  // for good: the transport's own retries are over
    std::string text{};
    bool too_large = false;  // its topic takes no message of this size
};

/// Told by `poll`, on the loop's thread.
class listener {
public:
    virtual void assigned(std::vector<assignment>) = 0;
    /// Finish what is in work, commit, then answer with `release`. Nothing of them is read
    /// meanwhile.
    virtual void revoked(std::vector<topic_partition>) = 0;
    /// They belong to somebody else already: nothing can be committed, nothing is to be answered.
    virtual void lost(std::vector<topic_partition>) = 0;
    virtual void delivered(std::uint64_t token, const delivery&) = 0;
    virtual void committed(const commit_result&) = 0;
    /// A topic that matches a subscribed pattern, or more partitions of one we know.
    virtual void topics_changed() = 0;
    /// Something is wrong with the broker or on the way there: a sentence. `fatal`: it will not get
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

enum class reset : std::uint8_t { earliest, latest };
struct subscription {
    // One that begins with ^ is a pattern, for a transport that finds new topics by itself. What
    // matches now is subscribed by name, too; who ignores patterns tells `topics_changed`.
    std::string topic;
    reset from = reset::earliest;  // where to start while nothing is committed
};

/// What is sent: views, copied by `send` where the transport needs them longer.
using topic_id = std::uint32_t;
struct record {
    topic_id topic = 0;
    // else chosen by key: murmur2, as Kafka's own clients do
    std::optional<partition_id> partition{};
    bytes_view key{};
    bytes_view value{};
    const weir::headers* headers = nullptr;
    weir::timestamp timestamp{};
};

/// One app's connection to a broker. Everything is called on the loop's thread and nothing but the
/// topic calls and `close` may block.
class transport {
public:
    virtual ~transport() = default;

    // topics
    // none: no such topic
    virtual std::optional<partition_id> partitions(const std::string& topic) = 0;
    virtual std::vector<std::string> topics() = 0;
    virtual void create(const topic_spec&) = 0;  // one that exists already is success

    // consuming: one member of the group
    /// Replaces what was subscribed before; the first call joins the group.
    virtual void subscribe(std::span<const subscription>) = 0;
    virtual void release(std::span<const topic_partition>) = 0;
    /// Answered by `listener::committed`. The caller has one in flight at a time. Refused for the
    /// member, or as fenced, it says that all partitions are lost; the transport joins again.
    virtual void commit(std::span<const position>) = 0;

    // producing
    virtual topic_id open(const std::string& topic) = 0;  // the same name gives the same id
    /// Answered by `listener::delivered(token)`. False: no room now, nothing was taken; try again
    /// later.
    virtual bool send(const record&, std::uint64_t token) = 0;

    /// Tells the listener what has happened since. True if anything has. Never blocks.
    virtual bool poll(listener&) = 0;
    /// Readable when `poll` or a partition has something new; -1 where everything happens on this
    /// thread.
    virtual int fd() const = 0;
    /// Leaves the group. What is assigned must have been released before. Delivery reports that
    /// come are told. Where the broker does not answer, it is left without a word after `most`.
    virtual void close(listener&, duration most) = 0;
};

}  // namespace weir::transport
