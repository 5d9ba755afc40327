// SPDX-License-Identifier: Apache-2.0
// The threads that make the calls of weir::offload.
#pragma once
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <weir/fwd.hpp>
#include <weir/offload.hpp>

#include "../release_queue.hpp"

namespace weir::detail {

/// Belongs to one run of an app; used on the loop's thread. Threads are started when they are
/// needed, and joined at the end of the run. A thread whose call does not return in time is left
/// alone, together with what it shares, and its result is dropped. Invariants: at most `threads`
/// calls run, and at most `max` wait for a thread. Further ones wait for room, on the loop's side.
/// A call is returned once, on the loop's thread, unless nobody waits for it any more.
class offload_pool {
public:
    offload_pool(std::size_t threads, std::size_t max, std::shared_ptr<release_queue>);
    offload_pool(const offload_pool&) = delete;
    offload_pool& operator=(const offload_pool&) = delete;
    ~offload_pool() { close(duration::zero()); }

    void add(std::shared_ptr<offloaded>);
    /// Calls f with each coroutine whose call is done. True if there was one.
    template <class F>
    bool collect(F resume) {
        if (outstanding_ == 0 || !take_done()) return false;
        for (auto& call : taken_)
            if (call->waiting.who) resume(std::exchange(call->waiting, {}));
        taken_.clear();
        return true;
    }
    std::size_t threads() const { return threads_max_; }
    /// A further call would wait for a thread.
    bool all_busy() const;
    /// Calls that were not returned yet.
    std::size_t outstanding() const { return outstanding_; }
    /// Waits until a call is done. On a virtual clock there is nothing else to wait for.
    void wait();
    /// Calls that have not begun never do. Waits up to `most` for those that run. Nothing is
    /// returned afterwards.
    void close(duration most);

private:
    struct shared {
        std::mutex mutex;  // guards all of this
        std::condition_variable for_work, for_result;
        std::deque<std::shared_ptr<offloaded>> queue;
        std::vector<std::shared_ptr<offloaded>> done;
        std::size_t running = 0, idle = 0;
        bool closed = false;
        std::shared_ptr<release_queue> loop;
    };
    static void work(std::shared_ptr<shared>);
    bool take_done();
    void fill();

    const std::size_t threads_max_, max_;
    std::shared_ptr<shared> shared_;
    std::vector<std::thread> threads_;
    std::deque<std::shared_ptr<offloaded>> for_room_;
    std::vector<std::shared_ptr<offloaded>> taken_;
    std::size_t outstanding_ = 0;
};

}  // namespace weir::detail
