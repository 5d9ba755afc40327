// SPDX-License-Identifier: Apache-2.0
// For each partition: what is committed and held, and its lag.
#include "conductor.hpp"

namespace weir::detail {

std::vector<partition_status> conductor::status() const {
    if (stopped()) return last_status_;
    std::vector<partition_status> all;
    const auto now = clock_.steady();
    for (auto& [tp, p] : partitions_) {
        const auto& t = *p->tracker;
        partition_status s{tp.topic, tp.partition, p->committed, t.open(), t.end()};
        if (const auto end = p->end(); end && t.end() > 0) s.lag = *end - t.committable();
        if (t.committable() != t.end()) s.age = now - p->oldest_since();
        all.push_back(std::move(s));
    }
    return all;
}

}  // namespace weir::detail
