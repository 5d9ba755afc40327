// SPDX-License-Identifier: Apache-2.0
// Writes lines to a file descriptor that may be slow: a pipe, a terminal, a file.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>

namespace weir::detail {

/// Does not own the descriptor. Used on the loop's thread, and never blocks it on a pipe or
/// terminal: it buffers what cannot be written yet. Callers ask `room` before they put more. At
/// most `buffer_max` bytes and one line are buffered.
class line_writer {
public:
    static constexpr std::size_t buffer_max = std::size_t{1} << 18;

    /// Throws setup_error if the descriptor is closed, or was closed and now belongs to the engine.
    explicit line_writer(int fd);

    bool room() const { return !over() && buffer_.size() - at_ < buffer_max; }
    void put(std::string_view line);
    /// Writes what it can without blocking. True if it wrote something, or if the reader has gone.
    bool turn();

    bool waits() const { return !over() && at_ < buffer_.size(); }
    /// Nobody reads any more, or writing failed: further lines are dropped.
    bool over() const { return gone_ || !error_.empty(); }
    /// The reader has gone. This is not an error, but there is no reason to go on.
    bool gone() const { return gone_; }
    const std::string& error() const { return error_; }
    /// The descriptor to wait for: until it is writable if lines are buffered, else until its
    /// reader has gone. -1 for a file, which is always writable.
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
