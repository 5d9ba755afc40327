// SPDX-License-Identifier: Apache-2.0
// Which member of a group is to have which partition.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <weir/transport/transport.hpp>

namespace weir::transport::memory {

/// One partition of a topic, and the member (by its place among them) that is to own it.
struct share {
    static constexpr int nobody = -1;
    topic_id topic = 0;
    int owner = nobody;
};

/// Spreads partitions over the members that subscribe to their topic: no two subscribers of a topic
/// differ by more than one partition of it, and where that leaves a choice, members do not differ
/// in all. Sticky: what has an owner moves only where one of these two demands it.
/// `partitions` lie topic by topic; `subscribed[m]` are the topics of member m.
void spread(std::span<share> partitions, const std::vector<std::vector<topic_id>>& subscribed);

}  // namespace weir::transport::memory
