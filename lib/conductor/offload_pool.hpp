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
/// needed, and joined at the end of the run; one whose call does not return in time is left alone,
/// with what it shares: its result goes nowhere. Invariants: at most `threads` calls run and `max`
/// wait for a thread; what is beyond waits for room, on the loop's side; a call is given back once,
/// on the loop's thread, unless nobody waits for it any more.
class offload_pool {
public:
    offload_pool(std::size_t threads, std::size_t max, std::shared_ptr<release_queue>);
    offload_pool(const offload_pool&) = delete;
    offload_pool& operator=(const offload_pool&) = delete;
    ~offload_pool() { close(duration::zero()); }

    void add(std::shared_ptr<offloaded>);
    /// Gives back whom the calls that are done have kept waiting. True if there was one.
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
    /// Calls that were not given back yet.
    std::size_t outstanding() const { return outstanding_; }
    /// Waits until a call is done. On a virtual clock there is nothing else to wait for.
    void wait();
    /// What was not begun never is; what runs is waited for, so long. Afterwards nothing is given
    /// back.
    void close(duration most);

private:
    struct shared {
        std::mutex mutex;  // guards all of it
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
