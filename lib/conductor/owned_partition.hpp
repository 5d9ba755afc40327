// SPDX-License-Identifier: Apache-2.0
// A partition while it is assigned: its tracker, the batches in work, and the cursors that read
// them.
#pragma once
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <list>
#include <memory>
#include <optional>
#include <vector>

#include <weir/graph/plan.hpp>
#include <weir/transport/transport.hpp>

#include "../state/shard_group.hpp"
#include "offset_tracker.hpp"

namespace weir::detail {

/// How far one segment has read one input. The message at its position is not passed, so no commit
/// passes it, and what it points into stays: a parked message needs no hold.
struct segment_cursor : retryable {
    segment_cursor(input& from, segment& s) : reads(&from), runs(&s) {}
    segment_cursor(const segment_cursor&) = delete;
    segment_cursor& operator=(const segment_cursor&) = delete;
    virtual ~segment_cursor() = default;
    input* reads;
    segment* runs;
    std::size_t position = 0;
    bool parked = false;  // the message at `position` is in the segment's sink
    bool more = false;    // it is parked, and more of it is to be pushed
    // How long it has had a sink that others wait for, and the turn until which it rests.
    std::size_t parked_in_a_row = 0, rests_until_turn = 0;
    time_point rests_at{};
    // Messages from here on wait for those of other inputs; see ordering.cpp.
    static constexpr auto no_order = std::numeric_limits<std::size_t>::max();
    std::size_t until = no_order;
    // shards that the body of the message at `changed_at` has changed
    std::vector<std::shared_ptr<shard>> changed{};
    std::size_t changed_at = 0;

    bool finished() const {
        assert(position <= reads->count && "an input that is cleared takes its cursor back");
        return position == reads->count;
    }
    void park(bool is_more) {
        parked = true;
        if (is_more) more = reads->stands_still = true;
    }
    void unpark() {
        parked = false;
        if (more) more = reads->stands_still = false;
    }
    bool in_work() const { return parked || tries.failed(); }
    bool in_order() const { return until != no_order; }
    bool waits_for_others() const { return position >= until; }
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

/// What one read has brought.
struct fetched_batch {
    /// Decoded to one pair of types.
    struct decoded_batch {
        const plan::topic_reader* reader;
        std::unique_ptr<input> slots;
        std::size_t decoded = 0;  // of the fetch's messages
    };
    std::unique_ptr<fetch> fetched{};
    std::vector<decoded_batch> decoded{};   // for each reader of the topic
    std::vector<std::size_t> dealt_with{};  // indices of messages that did not decode
    std::uint64_t upto = 0;  // messages that were read of the partition up to its end

    std::size_t size() const { return fetched ? fetched->messages().size() : 0; }
    const message& raw(std::size_t i) const { return fetched->messages()[i]; }
    decoded_batch& of(const plan::topic_reader&);
    bool is_decoded(const plan::topic_reader& r) { return of(r).decoded == size(); }
    /// Of the message at this offset.
    std::size_t index_of(offset) const;
};
using fetched_batches = std::list<fetched_batch>;

/// How far one segment has read one partition: which batch it stands in, and where in there.
struct partition_cursor final : segment_cursor {
    partition_cursor(const plan::topic_reader& r, segment& s, fetched_batches::iterator b)
        : segment_cursor(*b->of(r).slots, s), reader(&r), in(b) {}
    const plan::topic_reader* reader;
    fetched_batches::iterator in;

    void enter(fetched_batches::iterator b) {
        assert(!parked && "a parked message keeps its cursor in its batch");
        in = b;
        reads = b->of(*reader).slots.get();
        position = 0;
        if (in_order()) until = 0;
    }
};

/// A message that does not decode.
struct undecodable_message {
    fetched_batches::iterator in;
    const plan::topic_reader* reader;
    std::size_t at;  // index in the fetch
    std::exception_ptr error;
    retry_state tries{};
    bool asked = false;  // its policy, about this failure

    const weir::message& message() const { return in->raw(at); }
    weir::headers headers() const { return in->fetched->headers(at); }
};

/// Lives from the assignment until the partition is given up or lost. Used on the loop's thread.
/// Invariants: a batch stays while a cursor stands in it or before it; behind a message that does
/// not decode nothing is read; a cursor never goes back; the tracker is told the slowest cursor's
/// position. If offsets go back, the topic was deleted and created again: the new log has a tracker
/// of its own, and begins when every cursor has finished the old one.
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
    // What its messages change is restored before it is read, and written before it is committed.
    // Null: they change no table.
    std::shared_ptr<table_input> tables{};
    /// The offset to commit now, if that is more than what is committed.
    std::optional<offset> to_commit() const {
        return tables ? tracker->to_commit(tables->written) : tracker->to_commit();
    }
    /// Its tables are restored.
    bool ready() const { return !tables || tables->ready; }
    /// Its tables want what is before an offset, and then wait for other messages.
    bool has_limit() const { return tables && tables->limit < std::numeric_limits<offset>::max(); }
    /// Its tables want no more of it yet.
    bool at_limit() const { return tables && tables->next >= tables->limit; }

    /// Adds cursors for new segments, which begin with the next batch. But if a stream that nobody
    /// has any more has left a message unfinished, they begin with that message.
    void join(const std::vector<plan::topic_reader*>&);
    /// Cursors that have finished their batch go on to the next one.
    void advance();
    /// The same for one cursor. True if it did.
    bool advance(partition_cursor&);
    /// How many messages may be read now, so that no more than `most` lie between the fastest and
    /// the slowest cursor. 0 while the fastest has something to do.
    std::size_t room(std::size_t most) const;
    /// What is left of the assignment: reading goes on behind what is committed. Without a
    /// partition if it cannot. Nothing of it is read any more.
    transport::assignment read_again();
    /// Reads and decodes the next batch. Returns how many messages it has.
    std::size_t read(std::size_t most, time_point now);
    /// Every cursor has finished what is decoded.
    bool cursors_finished() const;
    /// Tells the tracker how far the slowest cursor is.
    void update_tracker(time_point now);
    const std::vector<std::unique_ptr<partition_cursor>>& cursors() const { return cursors_; }
    /// How many messages that have been read the cursor has not passed.
    std::size_t behind(const partition_cursor&) const;
    /// How many messages are held, or may yet be since not every cursor has passed them.
    std::size_t may_be_open() const;
    /// Null if nobody reads it.
    const partition_cursor* slowest() const;
    const partition_cursor* fastest() const;
    /// Since when the oldest unfinished message is the oldest.
    time_point oldest_since() const { return oldest_since_; }
    /// No commit passes this offset, whatever is read.
    void keep_back(offset);
    /// What the broker has deleted before the last read could bring it; told once.
    std::optional<transport::offset_range> take_lost() { return partition_->take_lost(); }
    /// Behind the partition's last message, if the transport knows.
    std::optional<offset> end() const { return partition_->end(); }
    /// Nothing more of it is at the broker, as far as is known.
    bool read_to_end() const { return !next_ && partition_->at_end(); }
    /// It has been read to its end, and ends before messages that its tables have seen.
    bool ends_before_tables() const;

    // the next message that does not decode
    std::optional<undecodable_message>& undecodable() { return undecodable_; }
    const std::optional<undecodable_message>& undecodable() const { return undecodable_; }
    /// Goes on behind it.
    void pass_undecodable();
    void decode_again();
    /// Its policy was applied already, when it did not decode to another type.
    static bool dealt_with(const undecodable_message&);
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
    struct retired final : retired_batch {
        fetched_batches batches{};
    };
    fetched_batches::iterator last() { return std::prev(batches_.end()); }
    fetched_batch& spare();
    void begin_anew();
    void decode(fetched_batches::iterator from);
    void tell_tables();
    std::optional<offset> next() const;
    offset reached(const partition_cursor&, std::size_t position) const;
    bool reads(const segment&) const;
    std::optional<offset> first_left() const;
    void add_reader(const plan::topic_reader&, std::optional<offset> from);
    void place(partition_cursor&, std::optional<offset> at);
    void remove_gone();
    static void discard_parked(segment_cursor&);

    std::shared_ptr<release_queue> releases_;
    std::unique_ptr<transport::partition> partition_;
    fetched_batches batches_;  // in order; never empty, the last one may have no message
    fetched_batches spare_;    // at most one, to be used again
    // Read already: the first batch of a topic that was created again, or of what is behind the
    // tables' limit.
    std::unique_ptr<fetch> next_;
    std::uint64_t read_ = 0;  // messages
    std::vector<std::unique_ptr<partition_cursor>> cursors_;
    std::optional<undecodable_message> undecodable_;
    bool stopped_ = false;
    offset oldest_ = 0;
    time_point oldest_since_{};
};

}  // namespace weir::detail
