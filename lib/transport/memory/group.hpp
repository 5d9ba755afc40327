// SPDX-License-Identifier: Apache-2.0
// A consumer group: who owns which partition, how a partition moves, and what is committed.
#pragma once
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core.hpp"

namespace weir::transport::memory {

/// The stages in which an owner gets and gives up a partition.
enum class stage : std::uint8_t {
    nobody,    // has no owner
    promised,  // its next poll reports `assigned`
    held,      // `assigned` has been reported
    asked,     // its next poll reports `revoked`; until then it reads on
    leaving,   // `revoked` has been reported: waits for `release`
    given_up,  // released without a request
};

/// Whether `assigned` has been reported, and the partition is not released yet.
inline bool told(stage s) { return s == stage::held || s == stage::asked || s == stage::leaving; }

/// One partition as one group sees it. Owned by the group. Invariants: `owner` is null only in
/// stage `nobody`; `reading` exists from `held` to `leaving`, and is readable except in `leaving`.
struct slot {
    seat* target = nullptr;  // the member that will have it
    seat* owner = nullptr;   // the member that has it
    stage now = stage::nobody;
    bool withheld = false;  // no member gets it before `assign`
    std::optional<offset> committed{};
    offset start = 0;  // where reading began if nothing was committed
    std::vector<offset> history{};
    std::shared_ptr<reader> reading{};
};

/// What a member's next poll reports.
struct notices {
    struct given {
        topic_partition tp;
        std::optional<offset> committed;
        std::shared_ptr<reader> reading;
    };
    std::vector<topic_partition> lost{}, revoked{};
    std::vector<given> assigned{};
    bool topics_changed = false;
};

/// Made for the first member that names it, and never removed by the core. Used under the broker's
/// lock. `spread` decides which member will have a partition, `advance` moves it there one stage at
/// a time, and the owner's own poll (`take`) reports each stage.
class group {
public:
    group(core& c, std::string name) : core_(c), name_(std::move(name)) {}
    group(const group&) = delete;
    group& operator=(const group&) = delete;

    // called for a member
    void subscribe(seat&, std::span<const subscription>);
    void release(seat&, std::span<const topic_partition>);
    /// The membership ends. `tell`: the member did not ask for it, and its lost partitions are
    /// reported.
    void leave(seat&, bool tell);
    commit_result commit(seat&, std::span<const position>);
    /// Reports to the member what has happened to its partitions, and moves them to their next
    /// stage.
    void take(seat&, notices&);
    /// The members, and what they have. Nothing: partitions are on their way.
    std::optional<std::vector<group_member>> members(const seat& asked_by) const;

    // called by the broker
    void grown(topic&);
    void revoke(const topic_partition&);
    void lose(const topic_partition&);
    void assign(const topic_partition&);
    void fail_next(std::size_t n, commit_error with) {
        failing_ = n;
        failing_with_ = with;
    }

    slot& at(topic_id, partition_id);  // adds it if it is missing
    const slot* find(topic_id, partition_id) const;
    /// Offsets below this are no longer needed.
    offset floor(topic_id, partition_id) const;

private:
    struct interest {
        partition_id known = 0;  // partitions when the topic was first subscribed
        bool subscribed = false;
        std::vector<slot> slots{};
    };
    slot& existing(const topic_partition&);
    slot* owned(const seat&, const topic_partition&);
    void rebalance();
    void advance(slot&);
    /// The owner's `partition` returns nothing more.
    void close(slot&);
    /// The partition has no owner any more.
    void end(slot&);
    void hear_lost(slot&, const topic_partition&);
    void tell_watchers();
    void open(slot&, topic&, partition_id);

    core& core_;
    std::string name_;
    std::vector<seat*> members_;  // in the order in which they joined
    std::size_t joined_ = 0;      // how many have ever joined
    std::map<topic_id, interest> interests_;
    std::size_t failing_ = 0;  // how many of the next commits fail, as a test has asked
    commit_error failing_with_ = commit_error::none;
};

}  // namespace weir::transport::memory
