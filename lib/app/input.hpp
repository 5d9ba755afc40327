// SPDX-License-Identifier: Apache-2.0
// `--input topic=file`: lines of a file, or of standard input, become a topic's messages.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <weir/graph/topic_info.hpp>
#include <weir/transport/memory.hpp>

namespace weir::detail {

/// One `--input`. Used on the loop's thread. Reads when the broker has room, never blocks on a
/// pipe; a line that is no value of the topic ends it: what came before it is processed, then the
/// program stops with its error.
class line_input final : transport::listener {
public:
    /// Throws setup_error if the file cannot be read. "-" is standard input.
    line_input(const topic_info&, std::string file, std::shared_ptr<transport::memory_broker>,
               const clock&);
    line_input(const line_input&) = delete;
    line_input& operator=(const line_input&) = delete;
    ~line_input();

    /// Sends some lines. True if it did anything.
    bool turn();
    const std::string& error() const { return error_; }
    /// To wait for; -1 if there is nothing to wait for: a file is always readable.
    int fd() const { return pipe_ && !ended_ ? fd_ : -1; }
    std::size_t lines() const { return lines_; }

private:
    void assigned(std::vector<transport::assignment>) override {}
    void revoked(std::vector<topic_partition>) override {}
    void lost(std::vector<topic_partition>) override {}
    void delivered(std::uint64_t, const transport::delivery&) override;
    void committed(const transport::commit_result&) override {}
    void topics_changed() override {}
    bool fill();
    bool next_line(std::string_view&);
    bool send(std::string_view);

    const topic_info& topic_;
    std::string file_;
    const clock& clock_;
    std::unique_ptr<transport::transport> connection_;
    int fd_ = -1;
    bool pipe_ = false, ended_ = false;
    std::string buffer_;
    std::size_t at_ = 0, lines_ = 0;
    std::string error_;
};

}  // namespace weir::detail
