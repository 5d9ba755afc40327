// SPDX-License-Identifier: Apache-2.0
// `--input topic=file`, `--keyed-input topic=file`: lines of a file, or of standard input, become a
// topic's messages.
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
    // A line that does not decode is sent as it is: whoever reads it has a policy for it.
    bool sends_bad_lines = false;
};

/// One `--input`. Used on the loop's thread. Reads when the broker has room, never blocks on a
/// pipe, and keeps one line and `read_size` bytes at the most. A line that is no value of the topic
/// ends it, unless the topic's policy takes it: what came before is processed, then the program
/// stops with its error.
class line_input final : transport::listener {
public:
    static constexpr std::size_t line_max = std::size_t{16} << 20;  // bytes
    static constexpr std::size_t read_size = std::size_t{1} << 16;

    /// Throws setup_error if the file cannot be read, or if the topic has keys and the lines have
    /// none.
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
    /// What to wait for before the next turn: more lines of a pipe, or room for the line that is
    /// there; -1: nothing, a file is always readable.
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
    std::string name() const;  // as it was given
    bool wrong(const std::string& what);

    const topic_info& topic_;
    const input_options options_;
    const clock& clock_;
    std::unique_ptr<transport::transport> connection_;
    int fd_ = -1;
    bool pipe_ = false, ended_ = false;
    bool full_ = false;  // the broker has no room for the line that is there
    std::string buffer_;
    std::size_t at_ = 0;         // where the line begins that is next
    std::size_t searched_ = 0;   // up to here it has no end
    std::size_t lines_ = 0;      // that are done with
    std::size_t under_way_ = 0;  // messages that the broker has not confirmed
    std::string error_;
};

}  // namespace weir::detail
