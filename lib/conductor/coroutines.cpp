// SPDX-License-Identifier: Apache-2.0
#include "coroutines.hpp"

#include <algorithm>
#include <functional>
#include <string>
#include <utility>

#include <weir/segment/boundary.hpp>

namespace weir::detail {

void coroutines::wake_in(duration d, suspended s) {
    asleep_.push_back({later(clock_.steady(), d), turns_++, s});
    std::push_heap(asleep_.begin(), asleep_.end(), std::greater{});
}

void coroutines::offload(std::shared_ptr<offloaded> call) {
    if (const auto* by = call->waiting.by)
        if (const auto* stage = by->stage()) tell_if_threads_are_few(*stage);
    pool_.add(std::move(call));
}

/// Once for each stage, when a call of it is the first that has to wait for a thread.
void coroutines::tell_if_threads_are_few(const boundary& stage) {
    if (stage.concurrency() <= pool_.threads()) return;
    if (std::find(told_.begin(), told_.end(), &stage) != told_.end() || !pool_.all_busy()) return;
    told_.push_back(&stage);
    report_.log("agent '" + stage.agent->name + "': " + stage.op + " may have " +
                std::to_string(stage.concurrency()) +
                " calls under way, and offload_threads = " + std::to_string(pool_.threads()) +
                ": its calls of weir::offload wait for a thread; raise offload_threads, or lower "
                "the concurrency");
}

void coroutines::has_no_key(const boundary& stage) {
    report_.log("agent '" + stage.agent->name + "': " + stage.op +
                " orders by key, and there is a message without one: messages without a key count "
                "as one key, so one call of them at a time is made; put group_by before it, or "
                "order by order_by::all or none");
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
