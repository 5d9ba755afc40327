// SPDX-License-Identifier: Apache-2.0
// The contract between the loop and the operators. The loop passes an input to a segment in one
// virtual call. The segment returns how far it came, and why it returned.
#pragma once
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/clock.hpp>
#include <weir/hold.hpp>
#include <weir/message.hpp>

namespace weir::detail {

struct agent_info;
struct retryable;
struct context;

// ---------------------------------------------------------------------------- one run of a segment
/// Why a segment returned.
enum class run_status : std::uint8_t {
    done,   // the input is finished
    yield,  // its time is up
    stop,   // the app stops: the current message is finished, no other is begun
    full,   // the message at `at` is parked: its sink has no room for another
    more,   // the message at `at` is parked, and more of it is to be pushed
    failed  // the message at `at` threw an exception and was undone
};
/// How far a segment came, and why not further.
struct run_result {
    std::size_t at = 0;
    run_status status = run_status::done;
    std::exception_ptr error{};
};
/// What the loop tells a segment about one run. A sink or stop() ends the run after the current
/// message.
class segment_turn {
public:
    segment_turn(const clock& c, time_point until) : time(c), deadline(until) {}
    const clock& time;
    const time_point deadline;
    retryable* work = nullptr;         // the current message, as its policy sees it
    const context* current = nullptr;  // what the chain is called with
    const context* element = nullptr;  // the element of it that is passed on now, if it is a batch
    bool resumes = false;              // the first message is one that was returned with `more`
    bool more = false;                 // in `apply`: more of the message is to be pushed
    // Messages from this index on are not begun: those of another input come first.
    std::size_t upto = std::numeric_limits<std::size_t>::max();
    run_status ends() const { return static_cast<run_status>(ends_); }
    void end(run_status w) {
        if (w > ends()) ends_ = static_cast<std::sig_atomic_t>(w);
    }

    // Pieces, for an operator that passes on many values of one message. A message of at most
    // `piece_max` values is one piece, however long it takes: what it sends, it sends together.
    static constexpr std::size_t piece_max = 1024;
    void begin_piece(bool is_first) {
        left_ = piece_max;
        timed_ = !is_first;
    }
    /// Counts so many values. False if the piece has no room for them and one more.
    bool fit(std::size_t n) {
        timed_ |= n > left_;  // there will be another piece
        if (n >= left_) return false;
        left_ -= n;
        return true;
    }
    /// Counts so many values, which are passed on whether there is room or not.
    void passes(std::size_t n) { left_ -= std::min(left_, n); }
    /// Counts a value. True if its piece ends with it: the piece is full, or the time is up. The
    /// clock is looked at after 1, 3, 7 … values, then after every 64.
    bool piece_ends() {
        if (left_ == 0 || --left_ == 0) return true;
        const auto done = piece_max - left_;
        const bool looks = done < 64 ? (done & (done + 1)) == 0 : done % 64 == 0;
        return timed_ && looks && time.steady() >= deadline;
    }

private:
    std::size_t left_ = piece_max;
    bool timed_ = false;
    volatile std::sig_atomic_t ends_ = 0;  // a signal handler on the loop's thread may call stop()
};

// ---------------------------------------------------------------------------- what a segment reads
/// Parts of a message, as a set: `message_part::headers | message_part::time`.
enum class message_part : std::uint8_t {
    none = 0,
    key = 1,        // by `key_at`, which finds a decoded key
    key_bytes = 2,  // `message().key`
    headers = 4,
    time = 8,
    value = 16,   // its bytes
    dropped = 32  // those that have no value here any more: `is_dropped`
};
constexpr message_part operator|(message_part a, message_part b) {
    return static_cast<message_part>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool includes(message_part all, message_part one) {
    return (static_cast<unsigned>(all) & static_cast<unsigned>(one)) != 0;
}
/// What an operator may need that shows the message or sends it.
inline constexpr auto all_but_value =
    message_part::key_bytes | message_part::headers | message_part::time;

/// What an operator needs that follows the stream time.
inline constexpr auto needs_stream_time = message_part::time | message_part::dropped;

/// The messages of values, by index. Only operators that buffer, wait, send, or pass on more than
/// the value ask for them.
class origins {
public:
    virtual ~origins() = default;
    virtual hold hold_of(std::size_t i) = 0;
    /// A hold of the message itself. It stays when an event of the message is acknowledged by hand.
    virtual hold source_of(std::size_t i) { return hold_of(i); }
    /// The message is acknowledged before it is finished. Releases the hold that keeps it open;
    /// does nothing if a cursor does.
    virtual void release(std::size_t) {}
    /// Whether the message's partition is still assigned. Of a batch: whether that of any of its
    /// messages is. `owned` if there is no message, or if it was acknowledged by hand.
    virtual ownership ownership_of(std::size_t i) const = 0;
    virtual offset offset_of(std::size_t i) const = 0;
    virtual timestamp time_of(std::size_t i) const { return message_of(i).timestamp; }
    /// Key, timestamp and, for a topic, the bytes of the value. Behind a boundary it has what later
    /// operators need (`needs`), and the rest is empty.
    virtual message message_of(std::size_t i) const = 0;
    virtual headers headers_of(std::size_t i) const = 0;
    /// Null if the value does not come from a topic. Lives as long as the run.
    virtual const topic_partition* partition_of(std::size_t i) const = 0;
    /// The partition of all these values. Null if they come from several, or from no topic.
    virtual const topic_partition* common_partition() const { return nullptr; }
    /// The value is a batch, or was made of one: it has several messages, and is shown the first.
    virtual bool of_batch(std::size_t) const { return false; }
    /// It was dropped before the last boundary, and has no value: only its time is of interest.
    virtual bool is_dropped(std::size_t) const { return false; }
    /// The decoded key; null if there is none.
    virtual const void* key_of(std::size_t) const { return nullptr; }
    /// An array of slot<K> with the decoded key of each value, or null.
    virtual const void* keys_at() const { return nullptr; }
    /// The decoded object, if it has this type. A sink that is called with this very object may
    /// send the original bytes.
    virtual const void* value_of(std::size_t, const void* /*type*/) const { return nullptr; }
    /// The messages of a batch; null for other values.
    struct several {
        origins* in = nullptr;
        std::size_t count = 0;
    };
    virtual several parts_of(std::size_t) const { return {}; }
};

/// A partition's decoded batch, or what a boundary has ready. A cursor says how many of its `count`
/// values are processed.
class input : public origins {
public:
    std::size_t count = 0;
    /// They are results of closed windows, and no message alone has made them: one that fails stops
    /// the app by default.
    bool are_results = false;
    /// Some of its messages may be such that `is_dropped`.
    bool any_dropped = false;
    /// More of one of its values is to be pushed. An operator points at the value meanwhile, so the
    /// values stay where they are: nothing is added.
    bool stands_still = false;
    /// Values before `upto` are finished.
    virtual void passed(std::size_t /*upto*/) {}
    /// Removes values of lost partitions, from index `from` on; with `revoking`, of those that are
    /// being revoked, too. True if the one at `from` is removed.
    virtual bool forget(std::size_t /*from*/, ownership = ownership::lost) { return false; }
};
/// A variable whose address identifies a type or a list of types.
template <class... T>
inline constexpr char type_id = 0;

/// Prevents a vector of bool from being a std::vector<bool>.
template <class T>
struct slot {
    T value{};
};
/// One of a type without a default constructor may be empty.
template <class T>
    requires(!std::is_default_constructible_v<T>)
struct slot<T> {
    slot() {}
    slot(T v) : value(std::move(v)), full_(true) {}
    slot(slot&& o) : full_(o.full_) {
        if (full_) std::construct_at(&value, std::move(o.value));
    }
    slot& operator=(slot&& o) {
        if (this == &o) return *this;
        std::destroy_at(this);
        return *std::construct_at(this, std::move(o));
    }
    ~slot() {
        if (full_) std::destroy_at(&value);
    }
    union {
        T value;
    };

private:
    bool full_ = false;
};
template <class T>
class input_of : public input {
public:
    std::vector<slot<T>> values;  // used again: may be longer than `count`
};

/// One value's message.
struct origin {
    origins& from;
    std::size_t i;

    weir::hold hold() const { return from.hold_of(i); }
    weir::message message() const { return from.message_of(i); }
};
/// The message that a chain is working on.
struct context {
    origins& from;
    std::size_t i;
    segment_turn& now;
    const void* keys = nullptr;               // from.keys_at()
    const topic_partition* common = nullptr;  // from.common_partition()
    std::size_t count = 0;                    // of the values that `keys` belong to
    const timestamp* result_time = nullptr;   // null: it is the message's

    weir::hold hold() const { return from.hold_of(i); }
    weir::message message() const {
        auto m = from.message_of(i);
        if (result_time) m.timestamp = *result_time;
        return m;
    }
    weir::offset offset() const { return from.offset_of(i); }
    timestamp time() const { return result_time ? *result_time : from.time_of(i); }
    detail::ownership ownership() const { return from.ownership_of(i); }
    const topic_partition* partition() const { return common ? common : from.partition_of(i); }
};

/// The message that a coroutine works on, for the tables that it changes.
struct message_at_work {
    const agent_info* agent = nullptr;    // null: it works on none
    bool lost = false;                    // its partition is: it changes nothing any more
    const topic_partition* tp = nullptr;  // null: of no topic, or of several partitions
    weir::offset offset = 0;
    weir::timestamp timestamp{};
    bool of_batch = false;
    /// Other calls of its stage are under way. If the stage orders by key, they have other keys.
    bool has_company = false;
    const bytes* key = nullptr;  // null: its stage does not order by key
};

// ------------------------------------------------------------------------------------- the segment
/// Which cursor's message is parked in a sink. Segments that end in the same chain_ref share this.
struct sink_occupancy {
    const void* occupant = nullptr;  // the cursor of the parked message
};

/// The operators between two boundaries, as one chain. Lives as long as its run; used on the loop's
/// thread only. At most one message is parked in its sink.
class segment {
public:
    virtual ~segment() = default;
    /// Processes `from`, beginning with message `at`. If a message was parked there, `finish` must
    /// have been called; if more of it is to be pushed, the turn says that it resumes.
    virtual run_result run(input& from, std::size_t at, segment_turn&) = 0;
    /// Whether a message is parked in the sink, or the sink has no room for another.
    virtual bool full() = 0;
    /// Throws the exception of the parked message, after undoing it.
    virtual void check() = 0;
    /// The parked message is finished.
    virtual void finish() = 0;
    /// The parked message's partition is lost: undoes the message.
    virtual void discard() = 0;
    virtual void assigned(const topic_partition&) = 0;
    virtual void revoked(const topic_partition&) = 0;
    virtual bool reads_batches() const = 0;

    agent_info* agent = nullptr;
    std::string ops{};  // as in the graph: "filter | map | to"
    sink_occupancy* occupancy = &own_;

private:
    sink_occupancy own_;
};

template <class T>
inline constexpr bool is_batch = false;
/// Whether a value of this type keeps messages open while it lives. It is destroyed as soon as it
/// is passed.
template <class T>
inline constexpr bool holds_messages = is_batch<T>;

/// A segment of one chain, which reads values of type In. `run` is the innermost loop; the chain is
/// inlined into it.
template <class In, class Chain>
class fused final : public segment {
public:
    explicit fused(Chain c) : chain_(std::move(c)) {}

    run_result run(input& base, std::size_t at, segment_turn& now) override {
        auto& from = static_cast<input_of<In>&>(base);
        // an input does not grow while it is read
        const slot<In>* const values = from.values.data();
        const void* const keys = from.keys_at();
        const auto count = std::min(from.count, now.upto);
        std::size_t i = at;
        context c{from, at, now, keys, from.common_partition(), from.count};
        now.current = &c;
        any_dropped_ = from.any_dropped;
        try {
            for (std::size_t some = 1;; some = std::min<std::size_t>(some * 2, 64)) {
                for (const auto end = std::min(count, i + some); i < end; ++i) {
                    c.i = i;
                    if (!push(c, values[i].value)) return {i, run_status::more};
                    if (const auto ends = now.ends(); ends != run_status::done) [[unlikely]] {
                        if (ends == run_status::full) return {i, ends};
                        chain_.finish();
                        return {i + 1, ends};
                    }
                    chain_.finish();
                }
                if (i == count) return {i};
                // after 1, 3, 7 … 127, 191 … messages
                if (now.time.steady() >= now.deadline) return {i, run_status::yield};
            }
        } catch (...) {
            chain_.undo();
            return {i, run_status::failed, std::current_exception()};
        }
    }
    bool full() override { return chain_.full(); }
    void check() override {
        try {
            chain_.check();
        } catch (...) {
            chain_.undo();
            throw;
        }
    }
    void finish() override { chain_.finish(); }
    void discard() override { chain_.undo(); }
    void assigned(const topic_partition& tp) override { chain_.assigned(tp); }
    void revoked(const topic_partition& tp) override { chain_.revoked(tp); }
    bool reads_batches() const override { return is_batch<In>; }

private:
    /// False if more of the message is to be pushed, but not now.
    bool push(context& c, const In& v) {
        if constexpr (Chain::in_pieces) {
            return push_pieces(c, v);
        } else {
            push_value(c, v);
            chain_.apply(c);
            return true;
        }
    }
    void push_value(context& c, const In& v) {
        if constexpr (includes(Chain::needs, message_part::dropped))
            if (any_dropped_ && c.from.is_dropped(c.i)) [[unlikely]]
                return;
        chain_.push(c, v);
    }
    bool push_pieces(context& c, const In& v) {
        auto& now = c.now;
        for (bool first = !std::exchange(now.resumes, false);; first = false) {
            now.begin_piece(first);
            if (first) push_value(c, v);
            else chain_.resume(c);
            now.more = chain_.more();
            chain_.apply(c);
            if (!now.more) return true;
            if (now.ends() != run_status::done || now.time.steady() >= now.deadline) return false;
        }
    }

    Chain chain_;
    bool any_dropped_ = false;  // in the input that is read
};

}  // namespace weir::detail
