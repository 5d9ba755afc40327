// SPDX-License-Identifier: Apache-2.0
// A partition while it is ours: its tracker, one batch in work, and the cursors that read it.
#pragma once
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/transport/transport.hpp>

#include "offset_tracker.hpp"

namespace weir::detail {

/// One input on its way through one segment: where it stands, what was tried. Owned by the
/// partition, or by the conductor for a boundary's input.
struct segment_cursor final : retryable {
    segment_cursor(input& from, segment& s) : reads(&from), runs(&s) {}
    input* reads;
    segment* runs;
    std::size_t position = 0;
    bool parked = false;  // the message at the cursor is in the segment's sink
    // how long it has had a sink that others wait for, and the turn up to which it rests
    std::size_t in_a_row = 0, rests_upto = 0;
    time_point until{};

    bool finished() const { return position == reads->count; }
    void retry() override {}  // the message is where it was
    void skip() override { ++position, acked = false; }
    origins& from() override { return *reads; }
    std::size_t at() const override { return position; }
};

/// A message that does not decode.
struct bad_message {
    const plan::topic_reader* by;
    std::size_t at;  // in the fetch
    std::exception_ptr error;
    int failures = 0;  // behind the first
    time_point not_before{};
};

/// Lives from the assignment until the partition is given up or lost. Used on the loop's thread.
/// Invariants: one batch is in work; the next is read when every cursor has finished it; a cursor's
/// cursor never goes back; what the tracker is told is passed is the slowest cursor's position. Offsets
/// that go back are another log's: the topic was deleted and made anew. It has its own tracker.
class owned_partition {
public:
    owned_partition(const topic_partition& tp, transport::assignment,
                    const std::vector<plan::topic_reader*>&, std::shared_ptr<release_queue>);
    owned_partition(const owned_partition&) = delete;
    owned_partition& operator=(const owned_partition&) = delete;
    ~owned_partition();

    const topic_partition& tp;
    owned_tracker tracker;
    std::optional<offset> committed{};  // by us

    /// New segments read on from the next batch.
    void join(const std::vector<plan::topic_reader*>&);
    /// Reads and decodes the next batch. Returns how many messages it has.
    std::size_t read(std::size_t most, time_point now);
    /// The next message that did not decode and whose policy has not been asked yet.
    std::optional<bad_message>& bad() { return bad_; }
    const std::optional<bad_message>& bad() const { return bad_; }
    /// Its policy has dealt with it: decoding goes on behind it.
    void pass_bad();
    /// Decodes it once more.
    void retry_bad();
    /// Its policy has dealt with it before, as a value of another type.
    bool dealt_with(const bad_message& b) const;
    /// Its policy says stop: what is before it is worked off, nothing behind it.
    void stop_at_bad() { stopped_ = true; }
    bool stopped() const { return stopped_; }
    bool finished() const;
    /// Tells the tracker how far the slowest cursor is.
    void update_tracker(time_point now);
    /// Since when the oldest message that is not done with is that.
    time_point oldest_since() const { return since_; }
    const message& raw(std::size_t i) const { return fetched_->messages()[i]; }
    weir::headers headers(std::size_t i) const { return fetched_->headers(i); }

    /// Behind the partition's last message, if the transport knows.
    std::optional<offset> end() const { return partition_->end(); }
    const std::vector<std::unique_ptr<segment_cursor>>& cursors() const { return cursors_; }

    // Giving it up: revoked, but what is in work is still awaited.
    bool revoking = false, abandoned = false;
    time_point drain_until{};

    // As many messages are open as may be: told once, if it lasts.
    bool full = false;
    time_point tell_full = time_point::max();

private:
    struct node {
        plan::topic_reader* by;
        std::unique_ptr<input> slots;
        std::size_t decoded = 0;  // of the fetch's messages
    };
    struct retired final : retired_batch {
        std::unique_ptr<fetch> fetched{};
        std::vector<node> nodes{};
    };
    void begin_anew();
    void decode();
    bool reads(const segment&) const;

    std::shared_ptr<release_queue> releases_;
    std::unique_ptr<transport::partition> partition_;
    std::unique_ptr<fetch> fetched_;
    std::vector<node> nodes_;
    std::vector<std::unique_ptr<segment_cursor>> cursors_;
    std::optional<bad_message> bad_;
    std::vector<std::size_t> passed_bad_;  // of the fetch's messages
    bool stopped_ = false;
    offset oldest_ = 0;
    time_point since_{};
};

}  // namespace weir::detail
