// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

namespace weir::transport::kafka {

void problems::note(const problem& p) {
    if (p.about >= cause_.about) cause_ = p;
}

void problems::add(problem p) {
    note(p);
    const auto now = clock::now();
    if (known_.size() >= known_max) known_.clear();
    const auto [it, first] = known_.try_emplace(p.key.empty() ? p.text : p.key, now);
    if (!first && now - it->second < quiet && !p.fatal) return;
    it->second = now;
    waiting_.push_back(std::move(p));
}

void problems::tell(listener& to) {
    for (auto& p : take()) to.problem(text_of(p), p.fatal);
}

std::string text_of(const problem& p) {
    return p.retried ? p.text + "; weir goes on trying" : p.text;
}

}  // namespace weir::transport::kafka
