// SPDX-License-Identifier: Apache-2.0
#include "coroutines.hpp"

#include <algorithm>
#include <functional>

namespace weir::detail {

void coroutines::wake_in(duration d, suspended s) {
    asleep_.push_back({later(clock_.steady(), d), turns_++, s});
    std::push_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

void coroutines::forget(std::coroutine_handle<> h) noexcept {
    std::erase_if(ready_, [h](const suspended& s) { return s.who == h; });
    for (auto& s : running_)
        if (s.who == h) s = {};
    if (std::erase_if(asleep_, [h](const sleeper& s) { return s.who.who == h; }) > 0)
        std::make_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

bool coroutines::run(time_point now) {
    bool busy = pool_.collect([this](suspended s) { ready(s); });
    while (!asleep_.empty() && asleep_.front().at <= now) {
        std::pop_heap(asleep_.begin(), asleep_.end(), std::greater{});
        ready_.push_back(asleep_.back().who);
        asleep_.pop_back();
    }
    if (ready_.empty()) return busy;
    running_.swap(ready_);
    for (std::size_t i = 0; i < running_.size(); ++i) {
        if (!running_[i].who) continue;
        at_work = running_[i].by;
        running_[i].who.resume();
    }
    at_work = nullptr;
    running_.clear();
    return true;
}

}  // namespace weir::detail
