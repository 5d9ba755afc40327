// SPDX-License-Identifier: Apache-2.0
// Sends messages, and keeps them until the broker has reported on them.
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

#include <weir/graph/topic_info.hpp>
#include <weir/segment/agent.hpp>
#include <weir/segment/produce.hpp>
#include <weir/segment/retryable.hpp>
#include <weir/transport/transport.hpp>

#include "report.hpp"
#include "settings.hpp"

namespace weir::detail {

/// Made for one run, used on the loop's thread. Each message under way has a slot in `pending_`,
/// which keeps its hold until the broker has the message. It has a copy in `retained_` if it may be
/// sent again or is awaited. Both are used again, so sending does not allocate once they have
/// grown. The transport retries by itself: what it reports as failed has failed for good, and the
/// topic's policy decides. If the policy says stop, the hold stays, so no commit passes the source
/// message. Dead letters are sent from here, too. A dead letter that finds no room waits in the
/// backlog, and nobody may make another one meanwhile. A dead letter that is too large with our
/// headers is sent without them.
class producer {
public:
    producer(transport::transport&, const settings&, reporter&);
    ~producer();

    /// `op`: the operator that sends, as in the graph.
    produce_target& target_of(topic_info&, agent_info&, std::string op);
    /// For messages that the program itself sends. False if too many wait for room already.
    bool send(send_request&, hold);
    void send_when_possible(send_request& r) { wanted_.push_back(&r); }
    void forget(send_request&) noexcept;
    /// Sends a dead letter for `agent` (null: for no agent). The hold is released when the broker
    /// has it.
    void send_dead_letter(const std::string& topic, agent_info* agent, const outgoing&, hold);
    /// Whether a dead letter or a `topic.send` waits for room.
    bool has_backlog() const { return !backlog_.empty(); }
    void delivered(std::uint64_t token, const transport::delivery&);
    /// Sends again what is due. True if there was any.
    bool poll(time_point now);
    time_point due() const;
    /// Forfeits messages that are sent again only at `until` or later: of partitions that are being
    /// revoked or, at a stop, of all. True if there were any.
    bool give_up_retries(time_point until, bool of_all);
    /// Who keeps the message at this offset open by what it sends, and why.
    struct holder {
        const agent_info* agent;
        std::string op, why;
    };
    std::optional<holder> holder_of(const hold_owner&, offset) const;
    /// How many messages are neither delivered nor given up.
    std::size_t under_way() const { return under_way_; }
    /// Set once a policy has said stop.
    const std::exception_ptr& error() const { return error_; }

private:
    class target;
    struct pending {
        target* to = nullptr;  // null: the slot is free
        hold held{};
        std::size_t retained = none;
    };
    struct retained {
        std::uint64_t token = 0;  // its slot in `pending_`
        outgoing what{};
        retry_state tries{};
        time_point send_at = time_point::max();  // when to send it again; max: it is under way
        bool in_backlog = false;
        int causes = 0;  // how often it has our headers, if it is a dead letter
        send_request* request = nullptr;
    };
    static constexpr std::size_t none = static_cast<std::size_t>(-1);
    static constexpr std::size_t backlog_max = 10'000;
    target& dead_letter_target(const std::string& topic, agent_info*, bool last);
    target& add(std::unique_ptr<target>);
    target& own_target(topic_info&);
    std::uint64_t free_slot();
    void take_slot(std::uint64_t token, target&, hold);
    void free(std::uint64_t token);
    retained& retain(std::uint64_t token);
    void add_to_backlog(target&, hold, const outgoing&);
    bool send(target&, const outgoing&, std::uint64_t token);
    void send_again_at(retained&, time_point);
    bool send_again(retained&);
    void failed(std::uint64_t token, const transport::delivery&);
    bool send_without_cause(std::uint64_t token);
    void tell_without_cause(const topic_info&);
    bool poll_backlog();
    bool poll_wanted();

    transport::transport& transport_;
    const settings& settings_;
    reporter& report_;
    std::vector<std::unique_ptr<target>> targets_;
    using target_key = std::pair<std::string, const agent_info*>;
    std::map<target_key, target*> dead_letter_targets_, last_dead_letter_targets_;
    std::map<topic_info*, target*> own_targets_;
    agent_info nobody_{};
    struct unsaid {
        time_point next_line{};
        std::size_t n = 0;  // since the last line
    };
    std::map<const topic_info*, unsaid> without_cause_;  // dead letters without our headers
    std::vector<pending> pending_;
    std::vector<std::uint64_t> free_;
    std::vector<retained> retained_;
    std::vector<std::size_t> free_retained_;
    std::vector<send_request*> wanted_;
    std::deque<std::size_t> backlog_;  // indices in `retained_`, in order
    std::size_t under_way_ = 0;
    std::size_t to_send_again_ = 0;  // how many of `retained_` are to be sent again
    std::exception_ptr error_;
};

}  // namespace weir::detail
