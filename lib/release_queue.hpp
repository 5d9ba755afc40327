// SPDX-License-Identifier: Apache-2.0
// The loop's thread, seen from a hold: where releases from other threads wait for the next turn.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include <weir/hold.hpp>

namespace weir::detail {

/// What gets a sleeping loop to turn. `wake` is called on any thread, with the queue locked: it may
/// set a flag or write to an eventfd, but neither wait nor release a hold.
class waker {
public:
    virtual void wake() noexcept = 0;

protected:
    ~waker() = default;
};

/// One an app, made by it and shared with its hold owners, so it lives as long as the last hold.
/// On the loop's thread (the last one to `enter`) a release drops at once; on another one it is
/// posted, and the loop collects it; after `close` it is dropped where it is released, one at a
/// time over all threads, so that hold owners need no locks of their own. Who takes the loop to another
/// thread does so when no hold is being released on the old one. Invariants: hold owners are only
/// touched by the loop's thread, and after `close` by the one thread that drains; the flag
/// `posted_any_` is set exactly while something waits; the waker is called once for what waits
/// together. Posting needs memory: a release that gets none ends the program, like any throw from a
/// destructor.
class release_queue {
public:
    release_queue() { enter(); }
    release_queue(const release_queue&) = delete;
    release_queue& operator=(const release_queue&) = delete;

    /// This thread is the loop's from now on.
    void enter() noexcept;
    /// Whom to wake when something is posted; null: nobody sleeps.
    void wake_by(waker*);
    /// From any thread, also after the app: the loop turns, if there still is one.
    void wake();
    /// Whether this thread is the loop's.
    bool is_here() const noexcept;
    /// Something waits to be collected: do not go to sleep.
    bool waiting() const noexcept { return posted_any_.load(std::memory_order_acquire); }
    /// The loop, once a turn: drops what other threads released. True if there was something.
    bool collect() { return waiting() && collect_posted(); }
    /// The app goes, after it has given up its hold owners. Called once, by who owns a reference to
    /// this.
    void close();

    /// A hold was let go after its partition was given up.
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

    std::atomic<std::uint64_t> thread_{0};  // the number of the loop's; `nobody` once closed
    std::vector<release> spare_;            // the loop's; keeps its capacity
    std::atomic<std::uint64_t> stale_{0};
    // Away from what the loop reads at each release.
    alignas(64) std::atomic<bool> posted_any_{false};
    std::mutex mutex_;  // guards what follows
    std::vector<release> posted_;
    waker* waker_ = nullptr;
    bool closed_ = false, draining_ = false;
};

}  // namespace weir::detail
