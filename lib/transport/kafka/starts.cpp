// SPDX-License-Identifier: Apache-2.0
#include "starts.hpp"

#include <utility>

namespace weir::transport::kafka {

void starts::subscribed(std::span<const subscription> to) {
    for (auto& [name, from, co_partitioned] : to) {
        if (from == reset::latest && !std::exchange(looked_, true)) at_first_ = topics_.all();
        if (!name.starts_with('^')) rules_[name] = from;
    }
}

offset starts::of(const topic_partition& p) const {
    const auto r = rules_.find(p.topic);
    const auto from = r == rules_.end() ? common_ : r->second;
    if (from == reset::earliest) return RD_KAFKA_OFFSET_BEGINNING;
    const auto known = at_first_.find(p.topic);
    const bool is_late = known == at_first_.end() || p.partition >= known->second;
    return is_late ? RD_KAFKA_OFFSET_BEGINNING : RD_KAFKA_OFFSET_END;
}

}  // namespace weir::transport::kafka
