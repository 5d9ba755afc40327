// SPDX-License-Identifier: Apache-2.0
// Lines for a file descriptor that may be slow to take them: a pipe, a terminal, a file.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::detail {

/// Does not own the descriptor. Used on the loop's thread, which it never blocks on a pipe or a
/// terminal: what does not fit waits here, and who has more to give asks `room` first. At most
/// `buffer_max` bytes and one line wait.
class line_writer {
public:
    static constexpr std::size_t buffer_max = std::size_t{1} << 18;

    /// Throws setup_error if the descriptor is closed, or was, and is now something of our own.
    explicit line_writer(int fd);

    bool room() const { return !over() && buffer_.size() - at_ < buffer_max; }
    void put(std::string_view line);
    /// Writes what can be written without waiting. True if it did, or if the reader has gone.
    bool turn();

    bool waits() const { return !over() && at_ < buffer_.size(); }
    /// Nobody reads any more, or it cannot be written: what is put is thrown away.
    bool over() const { return gone_ || !error_.empty(); }
    /// The reader has gone: no error, but no reason to go on.
    bool gone() const { return gone_; }
    const std::string& error() const { return error_; }
    /// To wait for: until it can be written, while something waits, else until its reader has gone;
    /// -1 for a file, which can always be written.
    int fd() const { return slow_ && !over() ? fd_ : -1; }

private:
    std::size_t piece() const;
    bool look_for_reader();

    int fd_;
    bool slow_, gone_ = false;
    std::string buffer_;
    std::size_t at_ = 0;
    std::string error_;
};

}  // namespace weir::detail
