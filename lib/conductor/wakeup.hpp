// SPDX-License-Identifier: Apache-2.0
// How the loop sleeps and is woken. One descriptor stands for timers, other threads and the
// transport.
#pragma once
#include <cstdint>

#include <weir/fwd.hpp>

#include "../release_queue.hpp"

namespace weir::detail {

/// Owned by the app's engine. `wake` may be called on any thread and from signal handlers,
/// everything else on the loop's thread. Linux: epoll over an eventfd, a timerfd and the
/// transport's descriptor.
class wakeup final : public waker {
public:
    wakeup();
    wakeup(const wakeup&) = delete;
    wakeup& operator=(const wakeup&) = delete;
    ~wakeup();

    enum class until : std::uint8_t { readable, writable, closed };
    /// Wakes when `until` is true, and always when the other end has gone. -1: watches nothing.
    void watch(int fd, until = until::readable);
    void unwatch(int fd);
    void wake() noexcept override;
    /// Sleeps until woken, or `most` is over.
    void wait(duration most);
    /// Makes the descriptor readable after `d`, too. duration::max(): no timer.
    void arm(duration d);
    /// Makes the descriptor not readable any more.
    void drain();
    int fd() const { return epoll_; }

private:
    int epoll_ = -1, event_ = -1, timer_ = -1;
};

}  // namespace weir::detail
