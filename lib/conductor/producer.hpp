// SPDX-License-Identifier: Apache-2.0
// What is sent, from the produce_target to its delivery report.
#pragma once
#include <cstddef>
#include <cstdint>
#include <deque>
#include <exception>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/transport/transport.hpp>

#include "report.hpp"
#include "settings.hpp"

namespace weir::detail {

/// Made for one run, used on the loop's thread. Each message under way has a slot in `pending_`,
/// which keeps its hold until the broker has it, and one in `retained_` where it may have to be sent
/// again or is awaited; both are used again, so sending allocates nothing in the steady state. A
/// hundred thousand slots are gone through in turn, so they are small. The transport retries on
/// its own; what is reported as failed has failed for good, and the topic's policy decides. A
/// message whose policy says stop keeps its hold, so that no commit passes its source. Dead letters
/// are sent from here too: one that finds no room waits in its slot, and until it is gone nobody
/// may make another (`backlogged`).
class producer {
public:
    producer(transport::transport&, const settings&, reporter&);
    ~producer();

    /// `op`: who sends, as drawn.
    produce_target& to(topic_info&, agent_info&, std::string op);
    /// What the program sends by itself. False: too many wait for room already.
    bool post(send_request&, hold);
    /// It is sent as soon as there is room.
    void want(send_request& p) { wanted_.push_back(&p); }
    void forget(send_request&) noexcept;
    void delivered(std::uint64_t token, const transport::delivery&);
    /// Sends a dead letter on behalf of `by` (null: of nobody); its source is held until it is
    /// there.
    void send_dead_letter(const std::string& topic, agent_info* by, const outgoing&, hold);
    /// Something waits for room that is no pipeline's: a dead letter, a `topic.send`.
    bool backlogged() const { return !backlog_.empty(); }
    /// Sends again what is to be retried by now. True if there was any.
    bool poll(time_point now);
    time_point due() const;
    /// Whose message, sent by which operator, keeps this one of that partition open, and why.
    struct keeper {
        const agent_info* agent;
        std::string op, why;
    };
    std::optional<keeper> keeps(const hold_owner&, offset) const;
    /// Messages neither delivered nor given up.
    std::size_t under_way() const { return under_way_; }
    /// Set once a policy has said stop.
    const std::exception_ptr& error() const { return error_; }

private:
    class target;
    struct pending {
        target* to = nullptr;  // null: a free slot
        hold held{};
        std::size_t retained = nothing;
    };
    struct retained {
        std::uint64_t token = 0;  // its slot in `pending_`
        outgoing what{};
        int failures = 0;
        time_point not_before = time_point::max();  // of a retry
        bool waits = false;                         // for room, not for time
        send_request* seen_by = nullptr;
    };
    static constexpr std::size_t nothing = static_cast<std::size_t>(-1);
    target& dead_letter_target(const std::string& topic, agent_info* by, bool last);
    target& add(std::unique_ptr<target>);
    std::uint64_t free_slot();
    retained& retain(std::uint64_t token);
    void await_room(std::uint64_t token, target&, hold, const outgoing&);
    bool send(target&, const outgoing&, std::uint64_t token);
    bool send_again(retained&);
    bool poll_backlog();
    void free(std::uint64_t token);
    target& own_target(topic_info&);
    bool poll_wanted();

    static constexpr std::size_t backlog_max = 10'000;  // that wait for room
    transport::transport& transport_;
    const settings& settings_;
    reporter& report_;
    std::vector<std::unique_ptr<target>> targets_;
    std::map<std::pair<std::string, const agent_info*>, target*> dead_letter_targets_, last_dead_letter_targets_;
    agent_info nobody_{};
    std::vector<pending> pending_;
    std::vector<std::uint64_t> free_;
    std::vector<retained> retained_;
    std::vector<std::size_t> free_retained_;
    std::map<topic_info*, target*> own_targets_;
    std::vector<send_request*> wanted_;
    std::deque<std::size_t> backlog_;  // of `retained_`: those that wait for room, in their order
    std::size_t under_way_ = 0, retries_ = 0;
    std::exception_ptr error_;
};

}  // namespace weir::detail
