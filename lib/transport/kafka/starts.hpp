// SPDX-License-Identifier: Apache-2.0
// Where a partition is read from while its group has committed nothing.
#pragma once
#include <map>
#include <set>
#include <span>
#include <string>

#include "handles.hpp"
#include "topics.hpp"

namespace weir::transport::kafka {

/// Where a partition is read from if nothing is committed. With `latest`, a topic or partition that
/// was found after the group's first subscription is read from its beginning. Owned by the
/// consumer; used on the loop's thread.
class starts {
public:
    /// `common`: of topics that are not named one by one.
    starts(topics& t, reset common) : topics_(t), common_(common) {}

    void subscribed(std::span<const subscription>);
    /// RD_KAFKA_OFFSET_BEGINNING or RD_KAFKA_OFFSET_END.
    offset of(const topic_partition&) const;
    /// Whether the topic was found by a pattern, and is heard of for the first time.
    bool is_found(const std::string& topic) {
        return !rules_.contains(topic) && found_.insert(topic).second;
    }

private:
    topics& topics_;
    const reset common_;
    std::map<std::string, reset> rules_{};
    std::set<std::string> found_{};
    // Topics at the first subscription, if any of them starts at the end.
    topics::counts at_first_{};
    bool looked_ = false;
};

}  // namespace weir::transport::kafka
