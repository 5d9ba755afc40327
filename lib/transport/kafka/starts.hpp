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

/// librdkafka has one rule a topic (`auto.offset.reset`); ours has one more: with `latest`, what
/// was found only after the group was first subscribed is read from its beginning. Owned by the
/// consumer, gone before its handle; on the loop's thread.
class starts {
public:
    starts(rd_kafka_t*, topics&, problems&, reset common);

    /// A topic is told its rule before librdkafka first hears of it; later it would be too late.
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
        bool known_before = false;  // by a pattern: librdkafka has the common rule for it
        topic_handle made{};
    };
    bool is_late(const topic_partition&) const;

    rd_kafka_t* const rk_;
    topics& topics_;
    problems& problems_;
    const reset common_;
    std::map<std::string, rule> rules_{};
    std::set<std::string> found_{};
    topics::counts at_first_{};  // what there was, where somebody starts at the end
    bool looked_ = false;
};

}  // namespace weir::transport::kafka
