// SPDX-License-Identifier: Apache-2.0
#include "compaction.hpp"

#include <algorithm>
#include <cstdint>

namespace weir::transport::memory {
namespace {

constexpr int groups_of_tombstones = 64;  // in their time

}  // namespace

std::size_t compaction::size_of(const message& m) {
    return sizeof(message) + sizeof(std::uint64_t) + m.key.size() + m.value.size();
}

void compaction::appended(const message& m, timestamp now) {
    grown_ += size_of(m);
    if (!m.value.is_null()) return;
    if (young_.empty() || now - young_.back().first > tombstones_ / groups_of_tombstones)
        young_.push_back({now, now, 0, 0});
    auto& group = young_.back();
    group.end = now;
    group.behind = m.offset + 1;
    group.bytes += size_of(m);
}

bool compaction::is_due(timestamp now) const {
    auto can_go = grown_;
    for (const auto& group : young_) {
        if (!is_over(group, now)) break;
        can_go += group.bytes;
    }
    return can_go > 0 && can_go >= left_;
}

void compaction::begin_pass(timestamp now) {
    left_ = grown_ = 0;
    for (; !young_.empty() && is_over(young_.front(), now); young_.pop_front())
        old_before_ = young_.front().behind;
}

void compaction::look_at(const message& m) {
    const auto [at, first] = last_.insert({&m});
    if (!first) at->of = &m;
}

bool compaction::take(const message& m) {
    const auto at = last_.find({&m});
    if (at == last_.end() || at->of != &m) return false;
    last_.erase(at);  // its message moves
    if (m.value.is_null() && m.offset < old_before_) return false;
    left_ += size_of(m);
    return true;
}

void compaction::removed(const message& m) {
    left_ -= std::min(left_, size_of(m));
    const auto at = last_.find({&m});
    if (at != last_.end() && at->of == &m) last_.erase(at);
}

}  // namespace weir::transport::memory
