// SPDX-License-Identifier: Apache-2.0
#include "coroutines.hpp"

#include <algorithm>
#include <functional>

namespace weir::detail {

void coroutines::wake_in(duration d, std::coroutine_handle<> h) {
    asleep_.push_back({later(clock_.steady(), d), turns_++, h});
    std::push_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

void coroutines::forget(std::coroutine_handle<> h) noexcept {
    std::erase(ready_, h);
    std::replace(running_.begin(), running_.end(), h, std::coroutine_handle<>{});
    if (std::erase_if(asleep_, [h](const sleeper& s) { return s.who == h; }) > 0)
        std::make_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

bool coroutines::run(time_point now) {
    bool busy = pool_.collect([this](std::coroutine_handle<> h) { ready(h); });
    while (!asleep_.empty() && asleep_.front().at <= now) {
        std::pop_heap(asleep_.begin(), asleep_.end(), std::greater{});
        ready_.push_back(asleep_.back().who);
        asleep_.pop_back();
    }
    if (ready_.empty()) return busy;
    running_.swap(ready_);
    for (std::size_t i = 0; i < running_.size(); ++i)
        if (running_[i]) running_[i].resume();
    running_.clear();
    return true;
}

}  // namespace weir::detail
