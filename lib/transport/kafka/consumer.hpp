// SPDX-License-Identifier: Apache-2.0
// A member of the group: what it is assigned, what it must give up, what it commits.
#pragma once
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <vector>

#include "callbacks.hpp"
#include "commits.hpp"
#include "committed.hpp"
#include "partition.hpp"
#include "properties.hpp"
#include "ready_list.hpp"
#include "starts.hpp"

namespace weir::transport::kafka {

/// Lives from the client's first `subscribe` to `close`, or to its end without leaving the group.
/// Owned by the client, used on the loop's thread. librdkafka's rebalance callback only records;
/// `poll` does the work. Invariants: a partition's queue is taken off the consumer's queue before
/// it is assigned, otherwise its messages would come there; a rebalance is answered once,
/// when it is known what the group has committed of new partitions, or when the last revoked
/// partition has been released; queue handles stay until the group has been left, and
/// are emptied first, since librdkafka can hang at its end over those of a deleted topic.
class consumer final : callbacks {
public:
    static constexpr std::uint32_t own_number = 0, commits_number = 1, first_partition = 2;

    consumer(const configuration&, topics&, problems&, ready_list&, std::span<const subscription>);
    ~consumer() override;

    void subscribe(std::span<const subscription>);
    void release(std::span<const topic_partition>);
    void commit(std::span<const position> p) { commits_.send(p); }
    /// The queue of this number is not empty any more.
    void ready(std::uint32_t number);
    void all_ready();
    /// Tells what has happened. True if anything has.
    bool poll(listener&);
    /// Empty: the group has not let it in yet.
    std::string member_id() const;
    /// Whether partitions have come or gone since the last call.
    bool take_rebalanced() { return std::exchange(rebalanced_, false); }
    /// Answers what the group asks, and begins to leave it.
    void leave();
    /// Goes on with it for a moment. True when the group has let us go; one that does not finds out
    /// by itself.
    bool has_left();
    /// Its broker does not answer.
    void give_up() { shared_->from->hangs = true; }

private:
    struct news {
        bool assigned;
        bool lost;
        partition_list what;
        std::unique_ptr<committed_question> committed{};  // of what is assigned
    };
    struct watched {
        queue_handle queue{};
        std::shared_ptr<slot> now{};  // of the present assignment; null: not assigned
    };
    static reset common_reset(std::span<const subscription>);
    static conf_handle made_of(const configuration&, std::span<const subscription>);
    void rebalanced(rd_kafka_t*, bool assigned, partition_list) override;
    void serve(int timeout_ms);
    void message(const rd_kafka_message_t&);
    // rebalance.cpp
    void leave_out_foreign(rd_kafka_topic_partition_list_t&) const;
    bool tell_news(listener&);
    bool knows_committed(news&);
    void assign(partition_list, listener&);
    void revoke(news, listener&);
    bool tell_commits(listener&);
    std::shared_ptr<slot> open(const topic_partition&, offset next);
    void shut(const topic_partition&);
    void gave_up(const topic_partition&);
    void answer();
    void check(rd_kafka_error_t*);
    void check(rd_kafka_resp_err_t);

    ready_list& ready_;
    const bool keeps_together_;  // equal partitions of topics
    const std::shared_ptr<read_state> shared_;
    rd_kafka_t* const rk_;
    queue_handle own_;
    commits commits_;
    starts starts_;
    std::map<topic_partition, std::uint32_t> numbers_{};
    std::vector<watched> watched_{};
    std::deque<news> news_{};
    std::set<std::string> subscribed_{};
    partition_list asked_{};            // revoked by the group, and not answered yet
    std::set<topic_partition> owed_{};  // those of them that have not been released
    bool due_ = true;                   // the consumer's queue is not empty
    bool rebalanced_ = false;
};

}  // namespace weir::transport::kafka
