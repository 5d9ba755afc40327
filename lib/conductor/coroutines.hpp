// SPDX-License-Identifier: Apache-2.0
// Coroutines that wait for the loop: those that are ready, those that sleep, and those that wait
// for an offloaded call.
#pragma once
#include <coroutine>
#include <cstdint>
#include <memory>
#include <vector>

#include <weir/clock.hpp>
#include <weir/task.hpp>

#include "offload_pool.hpp"
#include "report.hpp"

namespace weir::detail {

/// Owned by the conductor, used on the loop's thread. Destroyed after everything that owns a
/// coroutine. It does not own the handles. Invariant: every coroutine in here can be resumed, since
/// a coroutine that is destroyed is removed first, even by one that is resumed in the same round.
class coroutines final : public scheduler {
public:
    coroutines(const clock& c, offload_pool& p, reporter& r) : clock_(c), pool_(p), report_(r) {}

    void ready(suspended s) override { ready_.push_back(s); }
    void wake_in(duration d, suspended) override;
    void forget(std::coroutine_handle<>) noexcept override;
    void offload(std::shared_ptr<offloaded>) override;
    void has_no_key(const boundary&) override;
    /// Resumes each coroutine that is ready or due now once. True if there was any.
    bool run(time_point now);
    bool any_ready() const { return !ready_.empty(); }
    time_point due() const { return asleep_.empty() ? time_point::max() : asleep_.front().at; }

private:
    void tell_if_threads_are_few(const boundary&);
    struct sleeper {
        time_point at;
        std::uint64_t turn;  // the order of going to sleep, if the times are equal
        suspended who;
        bool operator>(const sleeper& o) const { return at != o.at ? at > o.at : turn > o.turn; }
    };
    const clock& clock_;
    offload_pool& pool_;
    reporter& report_;
    std::vector<const boundary*> told_;       // that they have more calls than there are threads
    std::vector<suspended> ready_, running_;  // null: removed
    std::vector<sleeper> asleep_;             // a heap, the next one in front
    std::uint64_t turns_ = 0;
};

}  // namespace weir::detail
