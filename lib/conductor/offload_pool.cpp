// SPDX-License-Identifier: Apache-2.0
#include "offload_pool.hpp"

#include <algorithm>
#include <utility>

namespace weir::detail {
namespace {

// A condition variable cannot wait for duration::max().
constexpr duration close_most = std::chrono::hours{24 * 365};

}  // namespace

offload_pool::offload_pool(std::size_t threads, std::size_t max,
                           std::shared_ptr<release_queue> loop)
    : threads_max_(threads), max_(max), shared_(std::make_shared<shared>()) {
    shared_->loop = std::move(loop);
}

void offload_pool::add(std::shared_ptr<offloaded> call) {
    ++outstanding_;
    for_room_.push_back(std::move(call));
    fill();
}

bool offload_pool::all_busy() const {
    const std::lock_guard lock{shared_->mutex};
    return shared_->queue.size() + shared_->running >= threads_max_;
}

/// Moves calls that wait for room into the queue, in order, while there is room.
void offload_pool::fill() {
    const std::lock_guard lock{shared_->mutex};
    const auto room = max_ + shared_->idle + threads_max_ - threads_.size();
    while (!for_room_.empty() && shared_->queue.size() < room) {
        auto call = std::move(for_room_.front());
        for_room_.pop_front();
        if (call->unwanted) {
            --outstanding_;
            continue;
        }
        shared_->queue.push_back(std::move(call));
        shared_->for_work.notify_one();
    }
    while (shared_->queue.size() > shared_->idle && threads_.size() < threads_max_) {
        // The thread begins by taking the lock.
        threads_.emplace_back(&offload_pool::work, shared_);
        ++shared_->idle;
    }
}

void offload_pool::work(std::shared_ptr<shared> s) {
    std::unique_lock lock{s->mutex};
    while (true) {
        s->for_work.wait(lock, [&] { return s->closed || !s->queue.empty(); });
        if (s->closed) break;
        auto call = std::move(s->queue.front());
        s->queue.pop_front();
        --s->idle;
        ++s->running;
        lock.unlock();
        if (!call->unwanted) call->run();
        lock.lock();
        ++s->idle;
        --s->running;
        s->done.push_back(std::move(call));
        s->for_result.notify_all();
        if (s->done.size() > 1 || s->closed) continue;  // the loop has been woken already
        lock.unlock();
        s->loop->wake();
        lock.lock();
    }
}

bool offload_pool::take_done() {
    {
        const std::lock_guard lock{shared_->mutex};
        taken_.swap(shared_->done);
    }
    outstanding_ -= taken_.size();
    if (!for_room_.empty()) fill();
    return !taken_.empty();
}

void offload_pool::wait() {
    if (outstanding_ == 0) return;
    std::unique_lock lock{shared_->mutex};
    shared_->for_result.wait(lock, [&] { return !shared_->done.empty(); });
}

void offload_pool::close(duration most) {
    for_room_.clear();
    bool all = false;
    {
        std::unique_lock lock{shared_->mutex};
        shared_->closed = true;
        shared_->queue.clear();
        shared_->for_work.notify_all();
        all = shared_->for_result.wait_for(lock, std::min(most, close_most),
                                           [&] { return shared_->running == 0; });
        shared_->done.clear();
    }
    for (auto& t : threads_)
        if (all) t.join();
        else t.detach();
    threads_.clear();
    outstanding_ = 0;
}

}  // namespace weir::detail
