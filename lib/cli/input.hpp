// SPDX-License-Identifier: Apache-2.0
// `--input topic=file`, `--keyed-input topic=file`: sends the lines of a file or of standard input
// to a topic.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <weir/graph/topic_info.hpp>
#include <weir/transport/transport.hpp>

namespace weir::detail {

struct input_options {
    std::string file;    // "-" is standard input
    bool keyed = false;  // a line is a key, a tab and a value
    // A line that does not decode is sent as it is, since the topic's policy takes it.
    bool sends_bad_lines = false;
};

/// One `--input`. Used on the loop's thread. Reads while the broker has room, never blocks on a
/// pipe, and keeps at most one line and `read_size` bytes. A line that is not a message of the
/// topic ends it, unless the topic's policy takes such messages. What came before is processed,
/// then the program stops with its error.
class line_input final : transport::listener {
public:
    static constexpr std::size_t line_max = std::size_t{16} << 20;  // bytes
    static constexpr std::size_t read_size = std::size_t{1} << 16;

    /// Throws setup_error if the file cannot be read, or if the topic has keys and the lines do
    /// not.
    line_input(const topic_info&, input_options, std::unique_ptr<transport::transport>,
               const clock&);
    line_input(const line_input&) = delete;
    line_input& operator=(const line_input&) = delete;
    ~line_input();

    /// Sends some lines. True if it did anything.
    bool turn();
    /// Hears what has arrived, and sends nothing more.
    void listen() { connection_->poll(*this); }
    /// Waits for the broker to confirm what was sent, at most so long. What it has not is an error.
    void finish(duration most);
    const std::string& error() const { return error_; }
    /// Its last line has been sent.
    bool over() const { return ended_ && at_ == buffer_.size(); }
    /// The descriptor to wait for before the next turn: for more lines of a pipe, or for room. -1
    /// for a file, which is always readable.
    int fd() const {
        if (ended_) return -1;
        if (full_) return connection_->fd();
        return pipe_ ? fd_ : -1;
    }

private:
    struct message_text {
        bytes key{}, value{};
    };
    void assigned(std::vector<transport::assignment>) override {}
    void revoked(std::vector<topic_partition>) override {}
    void lost(std::vector<topic_partition>) override {}
    void delivered(std::uint64_t, const transport::delivery&) override;
    void committed(const transport::commit_result&) override {}
    void topics_changed() override {}
    void open();
    bool fill();
    bool next_line(std::string_view&);
    bool take(std::string_view line);
    bool read(std::string_view line, message_text&);
    bool as_it_is(std::string_view value, message_text&) const;
    void passed(std::size_t bytes);
    std::string name() const;  // the option as it was given
    bool wrong(const std::string& what);

    const topic_info& topic_;
    const input_options options_;
    const clock& clock_;
    std::unique_ptr<transport::transport> connection_;
    int fd_ = -1;
    bool pipe_ = false, ended_ = false;
    bool full_ = false;  // the broker has no room for the current line
    std::string buffer_;
    std::size_t at_ = 0;         // where the next line begins
    std::size_t searched_ = 0;   // no line end before this
    std::size_t lines_ = 0;      // lines sent so far
    std::size_t under_way_ = 0;  // messages that the broker has not confirmed
    std::string error_;
};

}  // namespace weir::detail
