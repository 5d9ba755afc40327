// SPDX-License-Identifier: Apache-2.0
#include "input.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include <weir/clock.hpp>
#include <weir/error.hpp>

namespace weir::detail {
namespace {

constexpr std::size_t lines_a_turn = 1000;
constexpr std::size_t read_size = std::size_t{1} << 16;

}  // namespace

line_input::line_input(const topic_info& t, std::string file,
                       std::shared_ptr<transport::memory_broker> b, const clock& c)
    : topic_(t),
      file_(std::move(file)),
      clock_(c),
      connection_(transport::connect(std::move(b), "weir-input")) {
    fd_ = file_ == "-" ? STDIN_FILENO : ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat s {};
    if (fd_ < 0 || ::fstat(fd_, &s) != 0)
        throw setup_error{"weir: --input " + t.name + '=' + file_ + ": " + std::strerror(errno) +
                          ": check the path"};
    if (S_ISDIR(s.st_mode)) {
        ::close(fd_);
        throw setup_error{"weir: --input " + t.name + '=' + file_ +
                          ": this is a folder: name a file, or - for standard input"};
    }
    // what may keep us waiting; /dev/null, say, is like a file: epoll wants neither
    pipe_ = S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode) || ::isatty(fd_) != 0;
}

line_input::~line_input() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
}

void line_input::delivered(std::uint64_t, const transport::delivery& d) {
    if (d.failed && error_.empty())
        error_ = "weir: --input " + topic_.name + '=' + file_ + ": " + d.text;
}

/// More bytes, if some are there. False at the end, or if none are there yet.
bool line_input::fill() {
    if (ended_) return false;
    if (pipe_) {
        pollfd p{fd_, POLLIN, 0};
        if (::poll(&p, 1, 0) <= 0) return false;
    }
    buffer_.erase(0, at_), at_ = 0;
    const auto before = buffer_.size();
    buffer_.resize(before + read_size);
    const auto got = ::read(fd_, buffer_.data() + before, read_size);
    buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got > 0 || (got < 0 && errno == EINTR)) return true;
    if (got < 0)
        error_ = "weir: --input " + topic_.name + '=' + file_ + ": " + std::strerror(errno);
    ended_ = true;
    // a last line without an end
    if (!buffer_.empty() && buffer_.back() != '\n') buffer_.push_back('\n');
    return !buffer_.empty();
}

bool line_input::next_line(std::string_view& line) {
    while (true) {
        const auto end = buffer_.find('\n', at_);
        if (end != std::string::npos) {
            line = std::string_view{buffer_}.substr(at_, end - at_);
            return true;
        }
        if (!fill()) return false;
    }
}

bool line_input::send(std::string_view line) {
    auto value = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    if (!value.empty()) {
        try {
            if (topic_.check) topic_.check(value);
        } catch (const std::exception& e) {
            error_ = "weir: " + file_ + ':' + std::to_string(lines_ + 1) +
                     ": not a value of topic '" + topic_.name + "': " + e.what() +
                     ": mend the line";
            ended_ = true;
            return false;
        }
        transport::record r;
        r.topic = connection_->open(topic_.name), r.value = value, r.timestamp = clock_.wall();
        if (!connection_->send(r, 0)) return false;  // the broker is full: later
    }
    ++lines_, at_ += line.size() + 1;
    return true;
}

bool line_input::turn() {
    if (!error_.empty()) return false;
    connection_->poll(*this);
    std::string_view line;
    std::size_t n = 0;
    while (n < lines_a_turn && next_line(line) && send(line)) ++n;
    return n > 0;
}

}  // namespace weir::detail
