// SPDX-License-Identifier: Apache-2.0
#include "ready_list.hpp"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace weir::transport::kafka {
namespace {

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), what};
    return result;
}
void add(int epoll, int fd) {
    epoll_event e{};
    e.events = EPOLLIN;
    e.data.fd = fd;
    checked(::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e), "weir: epoll_ctl");
}

}  // namespace

ready_list::ready_list() {
    int ends[2];
    checked(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), "weir: pipe2");
    read_ = ends[0];
    write_ = ends[1];
    timer_ = checked(::timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
                     "weir: timerfd_create");
    itimerspec second{};
    second.it_value.tv_sec = second.it_interval.tv_sec = 1;
    checked(::timerfd_settime(timer_, 0, &second, nullptr), "weir: timerfd_settime");
    epoll_ = checked(::epoll_create1(EPOLL_CLOEXEC), "weir: epoll_create1");
    add(epoll_, read_);
    add(epoll_, timer_);
    const auto bytes = checked(::fcntl(read_, F_GETPIPE_SZ), "weir: F_GETPIPE_SZ");
    capacity_ = static_cast<std::size_t>(bytes) / sizeof(std::uint32_t);
}
ready_list::~ready_list() {
    for (const int fd : {epoll_, timer_, write_, read_}) ::close(fd);
}

void ready_list::watch(rd_kafka_queue_t* q, std::uint32_t number) {
    rd_kafka_queue_io_event_enable(q, write_, &number, sizeof number);
}
int ready_list::writer() const { return ::fcntl(write_, F_DUPFD_CLOEXEC, 0); }
void ready_list::unwatch(rd_kafka_queue_t* q) { rd_kafka_queue_io_event_enable(q, -1, nullptr, 0); }

ready_list::collected ready_list::collect() {
    numbers_.clear();
    std::array<std::uint32_t, 256> some;
    for (ssize_t n; (n = ::read(read_, some.data(), sizeof some)) > 0;) {
        const auto count = static_cast<std::size_t>(n) / sizeof some[0];  // a write is never split
        numbers_.insert(numbers_.end(), some.begin(), some.begin() + count);
        if (count < some.size()) break;
    }
    std::uint64_t ticks = 0;
    const bool tick = ::read(timer_, &ticks, sizeof ticks) > 0;
    // part of a page may be unused
    const bool full = numbers_.size() >= capacity_ / 2;
    return {numbers_, full, tick};
}

}  // namespace weir::transport::kafka
