// SPDX-License-Identifier: Apache-2.0
#include "compaction.hpp"

#include <cstdint>

namespace weir::transport::memory {
namespace {

constexpr std::size_t worth_it = std::size_t{4} << 10;  // bytes that can go
constexpr int groups_of_tombstones = 64;                // in their time

}  // namespace

std::size_t compaction::size_of(const message& m) {
    return sizeof(message) + sizeof(std::uint64_t) + m.key.size() + m.value.size();
}

void compaction::appended(const message& m, timestamp now) {
    live_ += size_of(m);
    const auto [at, first] = last_.insert({&m});
    if (!first) {
        const auto before = size_of(*at->of);
        live_ -= before;
        dead_ += before;
        at->of = &m;
    }
    if (!m.value.is_null()) return;
    if (young_.empty() || now - young_.back().first > tombstones_ / groups_of_tombstones)
        young_.push_back({now, now, 0, 0});
    auto& group = young_.back();
    group.end = now;
    group.behind = m.offset + 1;
    group.bytes += size_of(m);
}

bool compaction::stays(const message& m) const {
    if (m.value.is_null() && m.offset < old_before_) return false;
    const auto at = last_.find({&m});
    return at != last_.end() && at->of == &m;
}

void compaction::moved(const message& from, const message& to) {
    const auto at = last_.find({&from});
    if (at != last_.end() && at->of == &from) at->of = &to;
}

void compaction::removed(const message& m) {
    const auto at = last_.find({&m});
    const bool was_last = at != last_.end() && at->of == &m;
    (was_last ? live_ : dead_) -= size_of(m);
    if (was_last) last_.erase(at);
}

bool compaction::is_due(timestamp now) const {
    auto can_go = dead_;
    for (const auto& group : young_) {
        if (!is_over(group, now)) break;
        can_go += group.bytes;
    }
    return can_go >= worth_it && can_go >= live_;
}

void compaction::begin_pass(timestamp now) {
    for (; !young_.empty() && is_over(young_.front(), now); young_.pop_front())
        old_before_ = young_.front().behind;
}

}  // namespace weir::transport::memory
