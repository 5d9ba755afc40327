// SPDX-License-Identifier: Apache-2.0
// Coroutines that wait for the loop: the ready ones, and those that sleep.
#pragma once
#include <coroutine>
#include <cstdint>
#include <vector>

#include <weir/clock.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// Owned by the conductor, used on the loop's thread. Handles are not owned: a coroutine is
/// destroyed only after `clear`, or when nothing of it waits here.
class coroutines final : public scheduler {
public:
    explicit coroutines(const clock& c) : clock_(c) {}

    void ready(std::coroutine_handle<> h) override { ready_.push_back(h); }
    void wake_in(duration d, std::coroutine_handle<> h) override;
    /// Resumes what is ready or due by now, each once. True if there was any.
    bool run(time_point now);
    time_point due() const { return asleep_.empty() ? time_point::max() : asleep_.front().at; }
    void clear() { ready_.clear(), asleep_.clear(); }

private:
    struct sleeper {
        time_point at;
        std::uint64_t turn;  // in order of going to sleep, where the time is the same
        std::coroutine_handle<> who;
        bool operator>(const sleeper& o) const { return at != o.at ? at > o.at : turn > o.turn; }
    };
    const clock& clock_;
    std::vector<std::coroutine_handle<>> ready_, running_;
    std::vector<sleeper> asleep_;  // a heap, the next one in front
    std::uint64_t turns_ = 0;
};

}  // namespace weir::detail
