// SPDX-License-Identifier: Apache-2.0
// `--output topic`, `--keyed-output topic`: prints the messages that arrive in topics as lines (see
// text.hpp).
#pragma once
#include <cstddef>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <weir/graph/topic_info.hpp>
#include <weir/transport/transport.hpp>

#include "line_writer.hpp"

namespace weir::detail {

struct printed_topic {
    const topic_info* topic;
    bool keyed = false;  // a line is the key, a tab and the value
};

/// Reads topics from their beginning, in a group of its own, so it shares neither messages nor
/// commits with the app. Used on the loop's thread, made when the app's topics exist. It reads no
/// more than the writer has room for. So on the embedded broker a slow reader slows the agents
/// down.
class topic_output final : transport::listener {
public:
    /// `commits`: whether it commits. The embedded broker keeps every message that some group has
    /// not committed.
    topic_output(std::vector<printed_topic>, std::unique_ptr<transport::transport>, bool commits,
                 line_writer&);
    topic_output(const topic_output&) = delete;
    topic_output& operator=(const topic_output&) = delete;

    /// Hands messages to the writer, as many as it has room for. True if it did anything.
    bool turn();
    /// True once it has its partitions. What it does not have then was given to nobody.
    bool joined() const { return joined_; }
    int fd() const { return connection_->fd(); }
    /// Leaves its group, which takes at most so long. The last call.
    void leave(duration most);

private:
    struct source {
        topic_partition tp;
        std::unique_ptr<transport::partition> partition;
        const printed_topic* what;
        std::unique_ptr<fetch> batch{};
        std::size_t at = 0;  // in the batch
    };
    void assigned(std::vector<transport::assignment>) override;
    void revoked(std::vector<topic_partition>) override;
    void lost(std::vector<topic_partition>) override;
    void delivered(std::uint64_t, const transport::delivery&) override {}
    void committed(const transport::commit_result&) override { committing_ = false; }
    void topics_changed() override {}
    bool read(source&);
    void commit();
    void close(const std::vector<topic_partition>&);
    void print(const printed_topic&, const message&);

    const std::vector<printed_topic> topics_;
    std::unique_ptr<transport::transport> connection_;
    const bool commits_;
    line_writer& to_;
    std::vector<source> sources_;
    // The offset behind what is printed. It stays when the partition is lost.
    std::map<topic_partition, offset> next_;
    std::map<topic_partition, offset> passed_;  // not committed yet
    bool joined_ = false, committing_ = false;
};

}  // namespace weir::detail
