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

line_input::line_input(const topic_info& t, std::string file, bool keyed,
                       std::unique_ptr<transport::transport> connection, const clock& c)
    : topic_(t),
      file_(std::move(file)),
      keyed_(keyed),
      clock_(c),
      connection_(std::move(connection)) {
    if (!keyed_ && t.check_key) {
        try {
            t.check_key({});  // null
        } catch (const std::exception&) {
            throw setup_error{"weir: " + name() +
                              ": the topic's messages have keys: write --keyed-input " + t.name +
                              "=FILE, its lines being a key, a tab and a value"};
        }
    }
    fd_ = file_ == "-" ? STDIN_FILENO : ::open(file_.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat s {};
    if (fd_ < 0 || ::fstat(fd_, &s) != 0)
        throw setup_error{"weir: " + name() + ": " + std::strerror(errno) + ": check the path"};
    if (S_ISDIR(s.st_mode)) {
        ::close(fd_);
        throw setup_error{"weir: " + name() +
                          ": this is a folder: name a file, or - for standard input"};
    }
    // what may keep us waiting; /dev/null, say, is like a file: epoll wants neither
    pipe_ = S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode) || ::isatty(fd_) != 0;
}

std::string line_input::name() const {
    return (keyed_ ? "--keyed-input " : "--input ") + topic_.name + '=' + file_;
}

line_input::~line_input() {
    try {
        connection_->close(*this, std::chrono::seconds{5});  // for what is under way
    } catch (...) {                                          // nobody is left to be told
    }
    if (fd_ > STDIN_FILENO) ::close(fd_);
}

void line_input::delivered(std::uint64_t, const transport::delivery& d) {
    if (d.failed && error_.empty()) error_ = "weir: " + name() + ": " + d.text;
}

/// More bytes, if some are there. False at the end, or if none are there yet.
bool line_input::fill() {
    if (ended_) return false;
    if (pipe_) {
        pollfd p{fd_, POLLIN, 0};
        if (::poll(&p, 1, 0) <= 0) return false;
    }
    buffer_.erase(0, at_);
    at_ = 0;
    const auto before = buffer_.size();
    buffer_.resize(before + read_size);
    const auto got = ::read(fd_, buffer_.data() + before, read_size);
    buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got > 0 || (got < 0 && errno == EINTR)) return true;
    if (got < 0) error_ = "weir: " + name() + ": " + std::strerror(errno);
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

/// The line at hand is no message: the input ends here.
bool line_input::wrong(const std::string& what) {
    error_ = "weir: " + file_ + ':' + std::to_string(lines_ + 1) + ": " + what + ": mend the line";
    ended_ = true;
    return false;
}

bool line_input::send(std::string_view line) {
    transport::record r;
    auto value = line.ends_with('\r') ? line.substr(0, line.size() - 1) : line;
    if (!value.empty()) {
        const char* part = "value";
        try {
            if (keyed_) {
                const auto tab = value.find('\t');
                if (tab == std::string_view::npos)
                    return wrong("no tab between the key and a value of topic '" + topic_.name +
                                 '\'');
                r.key = value.substr(0, tab);
                value.remove_prefix(tab + 1);
                part = "key";
                if (topic_.check_key) topic_.check_key(r.key);
                part = "value";
            }
            if (topic_.check) topic_.check(value);
        } catch (const std::exception& e) {
            return wrong("not a " + std::string{part} + " of topic '" + topic_.name +
                         "': " + e.what());
        }
        r.topic = connection_->open(topic_.name);
        r.value = value;
        r.timestamp = clock_.wall();
        full_ = !connection_->send(r, 0);
        if (full_) return false;  // later
    }
    ++lines_;
    at_ += line.size() + 1;
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
