// SPDX-License-Identifier: Apache-2.0
#include "wakeup.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <system_error>

namespace weir::detail {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
}
void add(int epoll, int fd, std::uint32_t events = EPOLLIN) {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), "weir: epoll_ctl");
}
void empty(int fd) {
    std::uint64_t n;
    // non-blocking: it may be empty
    [[maybe_unused]] const auto got = ::read(fd, &n, sizeof n);
}

}  // namespace

wakeup::wakeup() {
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "weir: epoll_create1");
    event_ = checked(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "weir: eventfd");
    timer_ = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
                     "weir: timerfd_create");
    add(epoll_, event_);
    add(epoll_, timer_);
}
wakeup::~wakeup() { ::close(timer_), ::close(event_), ::close(epoll_); }

void wakeup::watch(int fd, until what) {
    constexpr std::uint32_t only_closed = 0;  // EPOLLERR and EPOLLHUP need not be asked for
    if (fd < 0) return;
    if (what == until::closed) return add(epoll_, fd, only_closed);
    add(epoll_, fd, what == until::writable ? EPOLLOUT : EPOLLIN);
}
void wakeup::unwatch(int fd) {
    if (fd >= 0) ::epoll_ctl(epoll_, EPOLL_CTL_DEL, fd, nullptr);
}
void wakeup::wake() noexcept {
    const auto kept = errno;  // signal handlers call this, too
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto put = ::write(event_, &one, sizeof one);
    errno = kept;
}
void wakeup::wait(duration most) {
    arm(most);
    epoll_event e;
    while (::epoll_wait(epoll_, &e, 1, -1) < 0 && errno == EINTR) {}
    drain();
}
void wakeup::arm(duration d) {
    itimerspec at{};
    if (d != duration::max()) {
        d = std::max(d, duration{1});  // zero would disarm it
        at.it_value.tv_sec = std::chrono::duration_cast<std::chrono::seconds>(d).count();
        at.it_value.tv_nsec = (d % std::chrono::seconds{1}).count();
    }
    ::timerfd_settime(timer_, 0, &at, nullptr);
}
void wakeup::drain() {
    empty(event_);
    empty(timer_);
}

}  // namespace weir::detail
