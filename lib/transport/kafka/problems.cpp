// SPDX-License-Identifier: Apache-2.0
#include "problems.hpp"

namespace weir::transport::kafka {

void problems::note(const problem& p) {
    // librdkafka says once in a while why a broker is down, though it goes on trying. So an answer
    // of one broker may come after the only line that says why no other can be reached.
    if (p.about == specific::not_at_all && cause_.text.empty()) cause_ = before_;
    if (p.about >= cause_.about) cause_ = p;
}

void problems::answered() {
    if (!cause_.text.empty()) before_ = std::exchange(cause_, {});
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
