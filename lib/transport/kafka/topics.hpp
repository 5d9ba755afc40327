// SPDX-License-Identifier: Apache-2.0
// What topics there are, and making new ones. The only place where the broker is waited for.
#pragma once
#include <chrono>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "kafka.hpp"
#include "problems.hpp"
#include "producer.hpp"

namespace weir::transport::kafka {

/// Asks through the producer's handle, which is always there. Owned by the client; on the loop's
/// thread. Every call waits at most `patience`, the first `connect_timeout`, then throws
/// setup_error with the cause. The whole list is asked for, never one name: a broker that creates
/// topics by itself would create it.
class topics {
public:
    topics(producer& p, problems& w, const connect_options& o)
        : producer_(p), problems_(w), options_(o) {}

    using counts = std::map<std::string, partition_id>;
    /// Topics and how many partitions they have, not older than `fresh`.
    const counts& all();
    std::optional<partition_id> partitions(const std::string& topic);
    void create(const topic_spec&);
    /// Deletes topics, and waits until they are gone.
    void remove(const std::vector<std::string>&);
    /// Deletes what the group has committed of topics. It must have no member.
    void forget_commits(const std::string& group, const std::vector<std::string>& topics);
    /// As `transport::configs`. Nothing is thrown if the broker does not tell them; a problem says
    /// so, once.
    std::vector<topic_config> configs(std::span<const std::string> topics);

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto patience = std::chrono::seconds{10};
    static constexpr auto fresh = std::chrono::milliseconds{100};
    clock::time_point until() const;
    void ask(clock::time_point until);
    void wait_on(clock::time_point begun);
    [[noreturn]] void give_up(rd_kafka_resp_err_t);
    event_handle answer(rd_kafka_queue_t*, clock::time_point until);
    void wait_for_leaders(const std::string& topic, clock::time_point until);
    void not_told(rd_kafka_resp_err_t, const std::string& topic);

    producer& producer_;
    problems& problems_;
    const connect_options options_;
    counts known_{};
    std::map<std::string, bool> led_{};  // whether every partition has a leader
    clock::time_point asked_{};          // when the last answer came
    bool said_not_told_ = false;
};

}  // namespace weir::transport::kafka
