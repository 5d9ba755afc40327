// SPDX-License-Identifier: Apache-2.0
// What the parts of the broker share: topics, members' seats, and the one lock.
#pragma once
#include <atomic>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include <weir/clock.hpp>
#include <weir/transport/memory.hpp>

#include "log.hpp"

namespace weir::transport::memory {

class group;
struct seat;
struct topic_log;

/// A partition that is read. One that is assigned is shared by the group and the member's
/// `partition`, and lives from the poll that reports `assigned` until both have dropped it; after
/// the assignment it is not `readable`. One that is read without the group is shared by the
/// member's seat and its `partition`. Used under the broker's lock.
struct reader {
    seat* owner;
    topic_log* from;
    cursor at{};
    bool readable = true;
    bool waiting = false;  // the last read returned null: the next message wakes the owner
};

struct topic_log {
    log messages;
    std::vector<reader*> readers{};
};

/// A topic. One that does not exist yet has a name and a number, and no partitions. Owned by the
/// core, which never removes it. Used under the broker's lock.
struct topic {
    topic_id id;
    std::string name;
    std::deque<topic_log> logs{};  // a deque: readers point into it
    topic_config config{};
    retention keeps{};
    std::size_t max_message_bytes = 0;  // its own, if `config` has one
    std::vector<group*> groups{};       // all that ever subscribed
    std::uint64_t sent = 0;
    std::uint32_t turn = 0;   // the partition of the next message without a key
    std::size_t failing = 0;  // how many of the next sends fail, as a test has asked

    bool exists() const { return !logs.empty(); }
    partition_id partitions() const { return static_cast<partition_id>(logs.size()); }
    bool has(partition_id p) const { return p >= 0 && p < partitions(); }
};

/// A member as its group sees it. Owned by the member. Used under the broker's lock, except `news`,
/// which the member reads without the lock: a poll without news costs one load. Invariant:
/// `signalled` (the eventfd is readable) implies `news`.
struct seat {
    seat();
    seat(const seat&) = delete;
    seat& operator=(const seat&) = delete;
    ~seat();

    group* in = nullptr;  // null: has not joined, or the membership is over
    struct subscribed_topic {
        topic_id id;
        reset from;
        bool co_partitioned;
    };
    std::vector<subscribed_topic> subscribed{};
    std::vector<topic_partition> lost{};  // to be reported
    bool topics_changed = false;          // to be reported
    bool watches_members = false;
    bool members_changed = false;                    // to be reported, if it watches
    std::string id{};                                // as a member of the group
    std::vector<std::shared_ptr<reader>> readers{};  // without the group
    bool signalled = false;
    std::atomic<bool> news = false;
    int fd;

    /// There is news for this member. Its eventfd is signalled unless the member itself (`by`) has
    /// caused it.
    void wake(const seat* by);
    void calm();
};

/// The broker's state. Owned by the memory_broker. Everything except the options is used under
/// `lock`, which a `session` holds. It never calls a listener.
class core {
public:
    explicit core(memory_options);
    ~core();

    /// The topic of this name. If there is none yet, adds one that does not exist.
    topic& open(std::string_view name);
    topic* find(std::string_view name);
    topic& at(topic_id id) { return topics_[id]; }
    /// Drops messages below the offset. Members whose sends found no room may try again.
    void purge(topic&, partition_id, offset upto);
    /// Grows the topic to `total` partitions. Groups assign the new ones.
    void grow(topic&, partition_id total);
    const std::map<std::string, topic_id, std::less<>>& names() const { return names_; }

    group& join(const std::string& name);
    group* find_group(std::string_view name);

    /// What became of a message. Stored: `failed` is null.
    struct appended {
        bool taken = false;  // false: there is no room
        std::unique_ptr<delivery> failed{};
        weir::offset offset = 0;
    };
    appended append(seat& by, const record&);
    void wake(seat& s) { s.wake(acting_); }
    /// There is something new behind where these members have read.
    void wake_readers(topic_log&);
    /// Members whose sends found no room may try again.
    void room_again();
    void forget(seat&);
    /// The time is told by the member that connected last.
    void connected(const weir::clock& c) { clocks_.push_back(&c); }
    void disconnected(const weir::clock&);
    timestamp now() const;
    /// Reads a partition for this member, without a group. Null, with the reason: it cannot.
    std::shared_ptr<reader> read(seat&, const topic_partition&, offset from, std::string& why_not);
    static void close(reader&);

    const memory_options options;
    std::mutex lock;

private:
    friend class session;
    bool roll(topic&, partition_id, const record&, timestamp now);

    const seat* acting_ = nullptr;
    std::map<std::string, topic_id, std::less<>> names_;
    std::deque<topic> topics_;  // by id
    std::map<std::string, std::unique_ptr<group>, std::less<>> groups_;
    std::vector<seat*> blocked_;              // their last send found no room
    std::vector<const weir::clock*> clocks_;  // of the members
};

/// Holds the broker's lock. A member is not signalled for what it does itself.
class session {
public:
    explicit session(core& c, const seat* acting = nullptr) : lock_(c.lock), core_(c) {
        core_.acting_ = acting;
    }

private:
    std::lock_guard<std::mutex> lock_;
    core& core_;
};

}  // namespace weir::transport::memory
