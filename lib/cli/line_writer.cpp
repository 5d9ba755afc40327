// SPDX-License-Identifier: Apache-2.0
#include "line_writer.hpp"

#include <limits.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <weir/error.hpp>

namespace weir::detail {

line_writer::line_writer(int fd) : fd_(fd) {
    struct stat s {};
    if (::fstat(fd_, &s) != 0 || (s.st_mode & S_IFMT) == 0)  // an epoll has no type
        throw setup_error{"weir: --output: standard output is closed"};
    slow_ = S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode) || ::isatty(fd_) != 0;
}

void line_writer::put(std::string_view line) {
    if (over()) return;
    buffer_.append(line);
    buffer_.push_back('\n');
}

/// How much to write at once. A writable pipe takes PIPE_BUF bytes without blocking. If a whole
/// line fits, only whole lines are written, so that what the program itself prints comes between
/// two lines.
std::size_t line_writer::piece() const {
    const auto left = buffer_.size() - at_;
    if (!slow_ || left <= PIPE_BUF) return left;
    const auto end = buffer_.rfind('\n', at_ + PIPE_BUF - 1);
    return end == std::string::npos || end < at_ ? PIPE_BUF : end - at_ + 1;
}

/// Asks whether the reader has gone. Without a write nothing else tells.
bool line_writer::look_for_reader() {
    if (!slow_ || over()) return false;
    pollfd p{fd_, 0, 0};  // POLLERR and POLLHUP need not be asked for
    gone_ = ::poll(&p, 1, 0) > 0;
    return gone_;
}

bool line_writer::turn() {
    if (!waits()) return look_for_reader();
    bool busy = false;
    while (waits()) {
        if (slow_) {
            pollfd p{fd_, POLLOUT, 0};
            if (::poll(&p, 1, 0) <= 0) break;
        }
        const auto put = ::write(fd_, buffer_.data() + at_, piece());
        if (put < 0 && (errno == EINTR || errno == EAGAIN)) break;
        if (put < 0 && errno == EPIPE) gone_ = true;
        else if (put < 0) error_ = std::string{"weir: standard output: "} + std::strerror(errno);
        else at_ += static_cast<std::size_t>(put);
        busy = true;
    }
    const bool all = at_ == buffer_.size() || over();
    if (all || at_ > buffer_max) {
        buffer_.erase(0, all ? buffer_.size() : at_);
        at_ = 0;
    }
    return busy;
}

}  // namespace weir::detail
