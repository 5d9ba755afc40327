// SPDX-License-Identifier: Apache-2.0
// A partition while it is assigned: its tracker, one batch in work, and the cursors that read it.
#pragma once
#include <cassert>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/transport/transport.hpp>

#include "offset_tracker.hpp"

namespace weir::detail {

/// How far one segment has read one input. Owned by the partition, or by the conductor for a
/// boundary's input. The message at its position is not passed, so no commit passes it, and what it
/// points into stays: a parked message needs no hold.
struct segment_cursor final : retryable {
    segment_cursor(input& from, segment& s) : reads(&from), runs(&s) {}
    input* reads;
    segment* runs;
    std::size_t position = 0;
    bool parked = false;  // the message at `position` is in the segment's sink
    // How long it has had a sink that others wait for, and the turn until which it rests.
    std::size_t parked_in_a_row = 0, rests_until_turn = 0;
    time_point rests_at{};

    bool finished() const {
        assert(position <= reads->count && "an input that is cleared takes its cursor back");
        return position == reads->count;
    }
    bool in_work() const { return parked || tries.failed(); }
    void retry() override {}  // the message is still at `position`
    void skip() override { pass(); }
    void pass() {
        ++position;
        tries.reset();
        acked = false;
    }
    origins& from() override { return *reads; }
    std::size_t at() const override { return position; }
};

/// A message that does not decode.
struct undecodable_message {
    const plan::topic_reader* reader;
    std::size_t at;  // index in the fetch
    std::exception_ptr error;
    retry_state tries{};
    bool asked = false;  // its policy, about this failure
};

/// Lives from the assignment until the partition is given up or lost. Used on the loop's thread.
/// Invariants: one batch is in work, and the next is read when every cursor has finished it; a
/// cursor never goes back; the tracker is told the slowest cursor's position. If offsets go back,
/// the topic was deleted and created again: the new log has a tracker of its own.
class owned_partition {
public:
    owned_partition(const topic_partition&, transport::assignment,
                    const std::vector<plan::topic_reader*>&, std::shared_ptr<release_queue>);
    owned_partition(const owned_partition&) = delete;
    owned_partition& operator=(const owned_partition&) = delete;
    ~owned_partition();

    const topic_partition& tp;
    const bool is_private;  // of an internal topic: only this group reads it
    owned_tracker tracker;
    std::optional<offset> committed{};  // by this member

    /// Adds cursors for new segments, which begin with the next batch. But if a stream that nobody
    /// has any more has left a message unfinished, they begin with that message.
    void join(const std::vector<plan::topic_reader*>&);
    /// Reads and decodes the next batch. Returns how many messages it has.
    std::size_t read(std::size_t most, time_point now);
    /// Every cursor has finished the batch.
    bool finished() const;
    bool cursors_finished() const;
    /// Tells the tracker how far the slowest cursor is.
    void update_tracker(time_point now);
    const std::vector<std::unique_ptr<segment_cursor>>& cursors() const { return cursors_; }
    const message& raw(std::size_t i) const { return fetched_->messages()[i]; }
    weir::headers headers(std::size_t i) const { return fetched_->headers(i); }
    /// Since when the oldest unfinished message is the oldest.
    time_point oldest_since() const { return oldest_since_; }
    /// Behind the partition's last message, if the transport knows.
    std::optional<offset> end() const { return partition_->end(); }

    // the next message that does not decode
    std::optional<undecodable_message>& undecodable() { return undecodable_; }
    const std::optional<undecodable_message>& undecodable() const { return undecodable_; }
    /// Goes on behind it.
    void pass_undecodable();
    void decode_again();
    /// Its policy was applied already, when it did not decode to another type.
    bool dealt_with(const undecodable_message&) const;
    /// Its policy says stop: only the messages before it are still processed.
    void stop_at_undecodable() { stopped_ = true; }
    bool stopped() const { return stopped_; }

    // giving it up
    detail::ownership ownership() const { return tracker->ownership(); }
    bool revoking() const { return ownership() != ownership::owned; }
    /// Its drain took too long: nothing of it is waited for any more.
    bool abandoned() const { return ownership() == ownership::lost; }
    time_point drain_until{};

    // open_max messages are open. This is logged once, if it lasts.
    bool full = false;
    time_point log_full_at = time_point::max();

private:
    /// The batch, decoded to one pair of types.
    struct decoded_batch {
        plan::topic_reader* reader;
        std::unique_ptr<input> slots;
        std::size_t decoded = 0;  // of the fetch's messages
    };
    struct retired final : retired_batch {
        std::unique_ptr<fetch> fetched{};
        std::vector<decoded_batch> batches{};
    };
    void begin_anew();
    void decode();
    bool reads(const segment&) const;
    std::optional<std::size_t> first_left() const;
    std::size_t slot_of(const decoded_batch&, std::size_t at) const;
    void remove_gone();
    static void discard_parked(segment_cursor&);

    std::shared_ptr<release_queue> releases_;
    std::unique_ptr<transport::partition> partition_;
    std::unique_ptr<fetch> fetched_;
    std::vector<decoded_batch> batches_;
    std::vector<std::unique_ptr<segment_cursor>> cursors_;
    std::optional<undecodable_message> undecodable_;
    std::vector<std::size_t> dealt_with_;  // indices in the fetch
    bool stopped_ = false;
    offset oldest_ = 0;
    time_point oldest_since_{};
};

}  // namespace weir::detail
