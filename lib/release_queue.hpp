// SPDX-License-Identifier: Apache-2.0
// Releases of holds on other threads wait here for the loop's next turn.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <weir/hold.hpp>

namespace weir::detail {

/// Wakes a sleeping loop. `wake` is called on any thread while the queue is locked. It may set a
/// flag or write to an eventfd, but may not wait or release a hold.
class waker {
public:
    virtual void wake() noexcept = 0;

protected:
    ~waker() = default;
};

/// One for each app. The app shares it with its hold owners, so it lives as long as the last hold.
/// On the loop's thread (the last one that called `enter`) a release is done at once. On another
/// thread it is posted, and the loop collects it. After `close` it is done on the thread that
/// releases, one at a time over all threads, so hold owners need no locks. While the loop moves to
/// another thread, no hold may be released on the old one. Invariants: only the loop's thread uses
/// hold owners, or after `close` the one thread that drains; `posted_any_` is set exactly while
/// something waits; the waker is called once for releases that wait together. Posting needs memory.
/// Without memory the program ends, as after any exception from a destructor.
class release_queue {
public:
    release_queue() { enter(); }
    release_queue(const release_queue&) = delete;
    release_queue& operator=(const release_queue&) = delete;

    /// This thread is the loop's from now on.
    void enter() noexcept;
    /// Whom to wake when something is posted; null: nobody.
    void wake_by(waker*);
    /// Makes the loop turn, if there still is one. May be called on any thread, also after the app.
    void wake();
    /// Whether this thread is the loop's.
    bool is_here() const noexcept;
    /// Something waits to be collected, so the loop must not sleep.
    bool waiting() const noexcept { return posted_any_.load(std::memory_order_acquire); }
    /// Called by the loop once a turn. Does what other threads have posted. True if there was
    /// anything.
    bool collect() { return waiting() && collect_posted(); }
    /// The app ends; it has given up its hold owners before. Called once.
    void close();

    /// A hold was released after its partition was given up.
    void count_stale() noexcept { stale_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t stale() const noexcept { return stale_.load(std::memory_order_relaxed); }

private:
    friend class hold_owner;
    struct release {
        hold_owner* in;
        std::int64_t number;
        bool acknowledged;
        void run() const {
            if (acknowledged) in->acknowledge(number);
            in->remove(number);
        }
    };

    void post(const release&);
    bool collect_posted();
    void drain(std::unique_lock<std::mutex>&);

    std::atomic<std::uint64_t> thread_{0};  // the loop's thread; `nobody` after close
    std::vector<release> spare_;            // used by the loop; keeps its capacity
    std::atomic<std::uint64_t> stale_{0};
    // on another cache line than what the loop reads at each release
    alignas(64) std::atomic<bool> posted_any_{false};
    std::mutex mutex_;  // guards what follows
    std::vector<release> posted_;
    waker* waker_ = nullptr;
    bool closed_ = false, draining_ = false;
};

}  // namespace weir::detail
