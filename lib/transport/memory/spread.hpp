// SPDX-License-Identifier: Apache-2.0
// Decides which member of a group gets which partition.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <weir/transport/transport.hpp>

namespace weir::transport::memory {

/// One partition of a topic, and the index of the member that will own it.
struct share {
    static constexpr int nobody = -1;
    topic_id topic = 0;
    int owner = nobody;
    bool co_partitioned = false;  // the same for the whole topic
};

/// Spreads partitions over the members that subscribe to their topic. The numbers of partitions
/// that two subscribers of a topic have there differ by at most one. If that leaves a choice, so do
/// the numbers that they have in all topics. Sticky: a partition that has an owner moves only if
/// one of these two rules requires it. `partitions` are sorted by topic; `subscribed[m]` are the
/// topics of member m.
///
/// A co-partitioned topic is divided into ranges, as Kafka's assignor `range` does, whoever owned
/// what: so two such topics that have equally many partitions and the same subscribers are divided
/// alike.
void spread(std::span<share> partitions, const std::vector<std::vector<topic_id>>& subscribed);

}  // namespace weir::transport::memory
