// SPDX-License-Identifier: Apache-2.0
// How a partition is read: from its own queue, in batches that own the client's buffers.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "handle.hpp"
#include "handles.hpp"
#include "problems.hpp"

namespace weir::transport::kafka {

/// What one read brought. It owns librdkafka's messages, so nothing is copied; but one message that
/// is kept pins the whole buffer that it was fetched in. Free batches are in a pool and are used
/// again.
class batch final : public fetch {
public:
    explicit batch(std::shared_ptr<handle> h) : handle_(std::move(h)) {}
    ~batch() override { clear(); }
    weir::headers headers(std::size_t i) const override;

    void add(rd_kafka_message_t*);
    void show() { messages_ = views_; }
    void clear();

private:
    std::shared_ptr<handle> handle_;
    std::vector<rd_kafka_message_t*> raw_{};
    std::vector<message> views_{};
};

/// What the partitions of one consumer share. Life: with the last partition. Thread: the loop's.
struct read_state {
    std::shared_ptr<handle> from;
    problems& problems_;
    /// Below so many prefetched messages the broker's thread is woken; 0: it wakes by itself.
    std::size_t wake_below = 0;
    std::vector<rd_kafka_message_t*> raw{};  // what one read writes to
    std::vector<std::unique_ptr<batch>> free{};
};

/// One assignment of a partition. Shared by the consumer, which opens and closes it, and the
/// `partition`; each assignment has its own. The consumer owns the queue. `ready` is false only
/// after a read has found the queue empty, until the queue has something again. If the next message
/// was deleted, librdkafka goes on at the log's start without a word: a jump to there tells.
struct slot {
    topic_partition tp;
    rd_kafka_queue_t* queue = nullptr;
    offset next = -1;  // of the next message; -1: not known
    // True at first: messages that were in the queue before do not signal.
    bool readable = true, ready = true;
    offset start = -1;                   // of the log, where it was first seen beyond `next`
    std::optional<offset_range> lost{};  // not told yet
};

/// The owner's view of a slot. Thread: the loop's.
class partition final : public weir::transport::partition {
public:
    partition(std::shared_ptr<read_state> r, std::shared_ptr<slot> s)
        : shared_(std::move(r)), slot_(std::move(s)) {}
    ~partition() override { slot_->readable = false; }
    std::unique_ptr<fetch> read(std::size_t most, std::unique_ptr<fetch> recycled) override;
    std::optional<offset> end() const override;
    std::optional<offset> position() const override;
    std::optional<offset_range> take_lost() override { return std::exchange(slot_->lost, {}); }

private:
    void wake(std::size_t taken);
    void look_at_start();
    void jumped(offset to);
    std::shared_ptr<read_state> shared_;
    std::shared_ptr<slot> slot_;
};

}  // namespace weir::transport::kafka
