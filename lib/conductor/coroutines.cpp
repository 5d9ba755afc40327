// SPDX-License-Identifier: Apache-2.0
#include "coroutines.hpp"

#include <algorithm>
#include <functional>

namespace weir::detail {

void coroutines::wake_in(duration d, std::coroutine_handle<> h) {
    asleep_.push_back({clock_.steady() + d, turns_++, h});
    std::push_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

bool coroutines::run(time_point now) {
    while (due() <= now) {
        std::pop_heap(asleep_.begin(), asleep_.end(), std::greater{});
        ready_.push_back(asleep_.back().who);
        asleep_.pop_back();
    }
    if (ready_.empty()) return false;
    running_.swap(ready_);
    for (auto h : running_) h.resume();
    running_.clear();
    return true;
}

}  // namespace weir::detail
