// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

#include <utility>

namespace weir::transport::kafka {

void problems::add(problem p) {
    if (p.refused || !refused_) last_ = p.text;  // "brokers are down" follows a refusal
    refused_ |= p.refused;
    const auto now = clock::now();
    if (known_.size() >= known_max) known_.clear();
    const auto [it, first] = known_.try_emplace(p.text, now);
    if (!first && now - it->second < quiet && !p.fatal) return;
    it->second = now;
    waiting_.push_back(std::move(p));
}

void problems::tell(listener& to) {
    for (auto& p : std::exchange(waiting_, {})) to.problem(p.text, p.fatal);
}

}  // namespace weir::transport::kafka
