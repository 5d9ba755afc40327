// SPDX-License-Identifier: Apache-2.0
// A consumer group: who owns which partition, how one moves, what has been committed.
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

/// How far an ownership has come, seen from its owner.
enum class stage : std::uint8_t {
    nobody,    // has no owner
    promised,  // its poll will tell `assigned`
    held,      // `assigned` was told
    asked,     // its poll will tell `revoked`; until then it reads on
    leaving,   // `revoked` was told: waits for `release`
    given_up,  // released without having been asked to
};

/// The owner knows of it: `assigned` was told and it has not answered a `revoked`.
inline bool told(stage s) { return s == stage::held || s == stage::asked || s == stage::leaving; }

/// One partition as one group sees it. Owner: the group. Invariants: `owner` is null in stage
/// `nobody` only; `reading` is there from `held` to `leaving`, and readable but in `leaving`.
struct slot {
    seat* target = nullptr;  // who is to have it
    seat* owner = nullptr;   // who has it
    stage now = stage::nobody;
    bool withheld = false;  // nobody is to have it until `assign`
    std::optional<offset> committed{};
    offset start = 0;  // where reading began while nothing was committed
    std::vector<offset> history{};
    std::shared_ptr<reader> reading{};
};

/// What a member's poll is to tell.
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

/// Life: made by the first that names it, then kept for ever by the core. Under the broker's lock.
/// `spread` says who is to have a partition, `advance` moves it there one stage at a time, and each
/// stage is told by its owner's own poll (`take`).
class group {
public:
    group(core& c, std::string name) : core_(c), name_(std::move(name)) {}
    group(const group&) = delete;
    group& operator=(const group&) = delete;

    // called for a member
    void subscribe(seat&, std::span<const subscription>);
    void release(seat&, std::span<const topic_partition>);
    /// The membership ends. `tell`: the member did not ask for it and hears what it has lost.
    void leave(seat&, bool tell);
    commit_result commit(seat&, std::span<const position>);
    /// What the member's slots have to tell; they go to their next stage by it.
    void take(seat&, notices&);

    // called by the broker
    void grown(topic&);
    void revoke(const topic_partition&);
    void lose(const topic_partition&);
    void assign(const topic_partition&);
    void fail_next(std::size_t n, commit_error with) {
        failing_ = n;
        failing_with_ = with;
    }

    slot& at(topic_id, partition_id);  // made if it is not there
    const slot* find(topic_id, partition_id) const;
    /// No offset below it is needed any more.
    offset floor(topic_id, partition_id) const;

private:
    struct interest {
        partition_id known = 0;  // the partitions there were when the topic was first subscribed
        bool subscribed = false;
        std::vector<slot> slots{};
    };
    slot& existing(const topic_partition&);
    slot* owned(const seat&, const topic_partition&);
    void rebalance();
    void advance(slot&);
    /// The owner's `partition` reads no more.
    void close(slot&);
    /// It has no owner.
    void end(slot&);
    void hear_lost(slot&, const topic_partition&);
    void open(slot&, topic&, partition_id);

    core& core_;
    std::string name_;
    std::vector<seat*> members_;  // in the order they joined
    std::map<topic_id, interest> interests_;
    std::size_t failing_ = 0;  // commits to be failed on request
    commit_error failing_with_ = commit_error::none;
};

}  // namespace weir::transport::memory
