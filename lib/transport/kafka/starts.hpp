// SPDX-License-Identifier: Apache-2.0
// Where a partition is read from while its group has committed nothing.
#pragma once
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "handles.hpp"
#include "problems.hpp"
#include "topics.hpp"

namespace weir::transport::kafka {

/// librdkafka has one rule for each topic (`auto.offset.reset`). weir has one more: with `latest`,
/// a topic or partition that was found after the group's first subscription is read from its
/// beginning. Owned by the consumer, destroyed before its handle; used on the loop's thread.
class starts {
public:
    starts(rd_kafka_t*, topics&, problems&, reset common);

    /// Sets each topic's rule. Must come before librdkafka first hears of the topic; later it has
    /// no effect.
    void subscribed(std::span<const subscription>);
    /// Sets the offsets of a new assignment. Usually none: librdkafka asks for what is committed.
    void set(const partition_list&);
    /// Whether the topic was found by a pattern, and is heard of for the first time.
    bool is_found(const std::string& topic) {
        return !rules_.contains(topic) && found_.insert(topic).second;
    }

private:
    struct rule {
        reset from;
        bool known_before = false;  // by a pattern: librdkafka uses the common rule for it
        topic_handle made{};
    };
    bool is_late(const topic_partition&) const;

    rd_kafka_t* const rk_;
    topics& topics_;
    problems& problems_;
    const reset common_;
    std::map<std::string, rule> rules_{};
    std::set<std::string> found_{};
    // Topics at the first subscription, if any of them starts at the end.
    topics::counts at_first_{};
    bool looked_ = false;
};

}  // namespace weir::transport::kafka
