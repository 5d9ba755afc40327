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

#include "text.hpp"

namespace weir::detail {
namespace {

constexpr std::size_t lines_a_turn = 1000;
constexpr std::string_view byte_order_mark = "\xef\xbb\xbf";

bool is_blank(std::string_view line) { return line.find_first_not_of(" \t") == line.npos; }

bool decodes(const data_type& t, bytes_view what) {
    try {
        if (t.check) t.check(what);
        return true;
    } catch (const std::exception&) { return false; }
}

}  // namespace

line_input::line_input(const topic_info& t, input_options o,
                       std::unique_ptr<transport::transport> connection, const clock& c)
    : topic_(t), options_(std::move(o)), clock_(c), connection_(std::move(connection)) {
    if (!options_.keyed && !decodes(t.key, {}))
        throw setup_error{"weir: " + name() +
                          ": the topic's messages have keys: write --keyed-input " + t.name +
                          "=FILE, its lines being a key, a tab and a value"};
    open();
}

void line_input::open() {
    const auto& file = options_.file;
    fd_ = file == "-" ? STDIN_FILENO : ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    struct stat s = {};
    if (fd_ < 0 || ::fstat(fd_, &s) != 0)
        throw setup_error{"weir: " + name() + ": " + std::strerror(errno) + ": check the path"};
    if (S_ISDIR(s.st_mode)) {
        ::close(fd_);
        throw setup_error{"weir: " + name() +
                          ": this is a folder: name a file, or - for standard input"};
    }
    // Only these can make a read wait. Anything else, even /dev/null, is read like a file: epoll
    // refuses it.
    pipe_ = S_ISFIFO(s.st_mode) || S_ISSOCK(s.st_mode) || ::isatty(fd_) != 0;
}

std::string line_input::name() const {
    return (options_.keyed ? "--keyed-input " : "--input ") + topic_.name + '=' + options_.file;
}

line_input::~line_input() {
    if (fd_ > STDIN_FILENO) ::close(fd_);
}

void line_input::finish(duration most) {
    connection_->close(*this, most);
    if (under_way_ > 0 && error_.empty())
        error_ = "weir: " + name() + ": the broker has not confirmed " +
                 std::to_string(under_way_) + " of its messages";
}

void line_input::delivered(std::uint64_t, const transport::delivery& d) {
    --under_way_;
    if (d.failed && error_.empty()) error_ = "weir: " + name() + ": " + d.text;
}

// ------------------------------------------------------------------------------------------- lines
/// Reads more bytes. False at the end, or if none are there yet.
bool line_input::fill() {
    if (ended_) return false;
    if (pipe_) {
        pollfd p{fd_, POLLIN, 0};
        if (::poll(&p, 1, 0) <= 0) return false;
    }
    buffer_.erase(0, at_);
    searched_ -= at_;
    at_ = 0;
    const auto before = buffer_.size();
    buffer_.resize(before + read_size);
    const auto got = ::read(fd_, buffer_.data() + before, read_size);
    buffer_.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got > 0 || (got < 0 && errno == EINTR)) return true;
    if (got < 0) error_ = "weir: " + name() + ": " + std::strerror(errno);
    ended_ = true;
    // the last line has no line end
    if (!buffer_.empty() && buffer_.back() != '\n') buffer_.push_back('\n');
    return !buffer_.empty();
}

/// The next line without its end. Searches no byte twice.
bool line_input::next_line(std::string_view& line) {
    while (true) {
        const auto end = buffer_.find('\n', searched_);
        if (end != std::string::npos && end - at_ <= line_max) {
            searched_ = end;
            line = std::string_view{buffer_}.substr(at_, end - at_);
            return true;
        }
        searched_ = buffer_.size();
        if (searched_ - at_ > line_max)
            return wrong("the line is longer than " + std::to_string(line_max) + " bytes");
        if (!fill()) return false;
    }
}

/// The line is not a message of the topic: the input ends here.
bool line_input::wrong(const std::string& what) {
    error_ = "weir: " + options_.file + ':' + std::to_string(lines_ + 1) + ": " + what +
             ": correct the line";
    ended_ = true;
    return false;
}

void line_input::passed(std::size_t bytes) {
    ++lines_;
    at_ += bytes;
    searched_ = at_;
}

// ---------------------------------------------------------------------------------------- messages
/// Sends the line as a message. False if there is no room now, or if the line is wrong.
bool line_input::take(std::string_view line) {
    const auto whole = line.size() + 1;
    if (lines_ == 0 && line.starts_with(byte_order_mark))
        line.remove_prefix(byte_order_mark.size());
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!is_blank(line)) {
        message_text m;
        if (!read(line, m)) return false;
        transport::record r;
        r.topic = connection_->open(topic_.name);
        r.key = m.key;
        r.value = m.value;
        r.timestamp = clock_.wall();
        full_ = !connection_->send(r, 0);
        if (full_) return false;  // tried again later
        ++under_way_;
    }
    passed(whole);
    return true;
}

bool line_input::read(std::string_view line, message_text& to) {
    auto value = line;
    const char* part = "value";
    try {
        if (options_.keyed) {
            const auto tab = line.find('\t');
            if (tab == line.npos) {
                if (as_it_is(line, to)) return true;
                return wrong("no tab between the key and a value of topic '" + topic_.name + '\'');
            }
            value = line.substr(tab + 1);
            to.key = bytes{line.substr(0, tab)};  // kept for a bad value, too
            part = "key";
            to.key = from_text(topic_.key, line.substr(0, tab));
            part = "value";
        }
        to.value = from_text(topic_.value, value);
        return true;
    } catch (const std::exception& e) {
        if (as_it_is(value, to)) return true;
        return wrong("not a " + std::string{part} + " of topic '" + topic_.name + "': " + e.what());
    }
}

/// Makes a message of a line that is wrong, for the topic's policy: the bytes as they are in the
/// file. They must not decode by accident: "abcd" would be a 4-byte integer. A line end is added
/// then, so that the size is wrong.
bool line_input::as_it_is(std::string_view value, message_text& to) const {
    if (!options_.sends_bad_lines) return false;
    to.value = bytes{value};
    const auto bad = [&] {
        return !decodes(topic_.value, to.value) || !decodes(topic_.key, to.key);
    };
    if (!bad()) to.value.push_back('\n');
    if (!bad() && !to.key.is_null()) to.key.push_back('\n');
    return bad();
}

bool line_input::turn() {
    listen();
    if (!error_.empty()) return false;
    std::string_view line;
    std::size_t n = 0;
    while (n < lines_a_turn && next_line(line) && take(line)) ++n;
    return n > 0;
}

}  // namespace weir::detail
