// SPDX-License-Identifier: Apache-2.0
// How a partition is read: from its own queue, in batches that own the client's buffers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "handle.hpp"
#include "handles.hpp"
#include "problems.hpp"
#include "properties.hpp"

namespace weir::transport::kafka {

/// What one read brought. It owns librdkafka's messages, so nothing is copied; but one message that
/// is kept pins the whole buffer that it was fetched in. Free batches are in a pool and are used
/// again.
class batch final : public fetch {
public:
    explicit batch(std::shared_ptr<handle> h) : handle_(std::move(h)) {}
    ~batch() override { clear(); }
    weir::headers headers(std::size_t i) const override;
    /// librdkafka takes a message's headers apart when one of them is first asked for, in memory of
    /// its own.
    std::optional<bytes_view> header_of(std::size_t i, std::string_view name) const override;

    void add(rd_kafka_message_t*);
    void show() { messages_ = views_; }
    void clear();

private:
    std::shared_ptr<handle> handle_;
    std::vector<rd_kafka_message_t*> raw_{};
    std::vector<message> views_{};
};

/// What the partitions of one client share. Life: with the last partition. Thread: the loop's.
struct read_state {
    read_state(std::shared_ptr<handle> h, problems& p) : from(std::move(h)), problems_(p) {}
    /// Where three quarters of it are left, the broker's thread is woken; newer versions do it by
    /// themselves.
    void wake_below(prefetch all) {
        if (!runs_at_least(0x020200ff)) few = {all.messages * 3 / 4, all.bytes * 3 / 4};
    }

    std::shared_ptr<handle> from;
    problems& problems_;
    prefetch few{};                          // 0 messages: nobody is woken
    std::vector<rd_kafka_message_t*> raw{};  // what one read writes to
    std::vector<std::unique_ptr<batch>> free{};
};

/// One assignment of a partition, or one reader of it. Shared by the consumer or the `readers`,
/// which open and close it and own the queue, and by the `partition`. `ready` is false only
/// after a read has found the queue empty, until the queue has something again. If the next message
/// was deleted, librdkafka goes on at the log's start without a word: a jump to there tells.
struct slot {
    topic_partition tp;
    rd_kafka_queue_t* queue = nullptr;
    offset next = -1;  // of the next message; -1: not known
    // True at first: messages that were in the queue before do not signal.
    bool readable = true, ready = true;
    bool outside = false;                // of the group: then a partition that is gone ends the run
    bool heard = false;                  // something was read, so the broker has answered
    bool at_end = false;                 // what was read last was the end
    offset start = -1;                   // of the log, where it was first seen beyond `next`
    std::optional<offset_range> lost{};  // not told yet
};

/// The owner's view of a slot. Thread: the loop's.
class partition : public weir::transport::partition {
public:
    partition(std::shared_ptr<read_state> r, std::shared_ptr<slot> s)
        : shared_(std::move(r)), slot_(std::move(s)) {}
    ~partition() override { slot_->readable = false; }
    std::unique_ptr<fetch> read(std::size_t most, std::unique_ptr<fetch> recycled) override;
    std::optional<offset> end() const override;
    std::optional<offset> position() const override;
    bool at_end() const override { return slot_->at_end; }
    bool seek(offset) override;
    std::optional<offset_range> take_lost() override { return std::exchange(slot_->lost, {}); }

protected:
    std::shared_ptr<read_state> shared_;
    std::shared_ptr<slot> slot_;

private:
    void wake(std::size_t taken, std::size_t bytes);
    void look_at_start();
    void jumped(offset to);
};

}  // namespace weir::transport::kafka
