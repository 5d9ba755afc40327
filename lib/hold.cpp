// SPDX-License-Identifier: Apache-2.0
// Releases a hold: at once on the loop's thread; on another thread by posting it to the loop.
#include <weir/hold.hpp>

#include <atomic>
#include <cassert>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "release_queue.hpp"

namespace weir::detail {
namespace {

// Threads are numbered when they first enter a release queue. Unlike an id or an address, a number
// is never used again. 0 means a thread that never entered one. (Each release reads it:
// initial-exec saves a call in shared builds.)
[[gnu::tls_model("initial-exec")]] constinit thread_local std::uint64_t this_thread = 0;
constexpr auto nobody = std::numeric_limits<std::uint64_t>::max();

std::uint64_t next_thread() noexcept {
    static constinit std::atomic<std::uint64_t> last{0};
    return last.fetch_add(1, std::memory_order_relaxed) + 1;
}

}  // namespace

void hold_owner::release(std::int64_t number, bool acknowledged) {
    const release_queue::release r{this, number, acknowledged};
    if (releases_->is_here()) return r.run();
    const auto queue = releases_;  // after the post this hold_owner may be deleted at any time
    queue->post(r);
}

bool release_queue::is_here() const noexcept {
    return thread_.load(std::memory_order_relaxed) == this_thread;
}

void release_queue::enter() noexcept {
    assert(thread_.load(std::memory_order_relaxed) != nobody && "entered after close");
    if (this_thread == 0) this_thread = next_thread();
    thread_.store(this_thread, std::memory_order_relaxed);
}

void release_queue::wake_by(waker* w) {
    const std::lock_guard lock{mutex_};
    waker_ = w;
}

void release_queue::wake() {
    const std::lock_guard lock{mutex_};
    if (waker_) waker_->wake();
}

void release_queue::post(const release& r) {
    std::unique_lock lock{mutex_};
    posted_.push_back(r);
    if (closed_) return drain(lock);
    if (!posted_any_.exchange(true, std::memory_order_release) && waker_) waker_->wake();
}

bool release_queue::collect_posted() {
    assert(is_here());
    auto now = std::exchange(spare_, {});
    {
        const std::lock_guard lock{mutex_};
        now.swap(posted_);
        posted_any_.store(false, std::memory_order_relaxed);
    }
    for (auto& r : now) r.run();
    now.clear();
    spare_ = std::move(now);
    return true;
}

void release_queue::close() {
    enter();
    while (collect()) {}
    std::unique_lock lock{mutex_};
    thread_.store(nobody, std::memory_order_relaxed);
    closed_ = true;
    waker_ = nullptr;
    drain(lock);
    posted_any_.store(false, std::memory_order_relaxed);
}

/// A release may cause further releases, and other threads may post releases meanwhile. The thread
/// that drains does all of them. No lock is held while a release runs.
void release_queue::drain(std::unique_lock<std::mutex>& lock) {
    if (std::exchange(draining_, true)) return;
    while (!posted_.empty()) {
        const auto now = std::exchange(posted_, {});
        lock.unlock();
        for (auto& r : now) r.run();
        lock.lock();
    }
    draining_ = false;
}

}  // namespace weir::detail
