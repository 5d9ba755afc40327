// SPDX-License-Identifier: Apache-2.0
// The contract between the loop and user code: one input, one virtual call, an answer that says how
// far and why.
#pragma once
#include <algorithm>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <type_traits>
#include <vector>

#include <weir/clock.hpp>
#include <weir/hold.hpp>
#include <weir/message.hpp>

namespace weir::detail {

struct agent_info;
struct retryable;
struct context;

// --------------------------------------------------------------------------- one turn of a segment
enum class run_status : std::uint8_t {
    done,   // the input is finished
    yield,  // the time is up
    stop,   // stop() was called
    // the message at `at` is in the sink (parked); it is finished when the sink has room again
    full,
    failed  // the message at `at` threw; nothing of it was kept
};
struct run_result {
    std::size_t at = 0;
    run_status status = run_status::done;
    std::exception_ptr error{};
};
/// A sink or stop() ends the turn behind the message that is being worked on.
class segment_turn {
public:
    segment_turn(const clock& c, time_point until) : time(c), deadline(until) {}
    const clock& time;
    const time_point deadline;
    retryable* work = nullptr;           // what the segment works on, as its policy sees it
    const context* current = nullptr;  // the message a chain is called with
    run_status ends() const { return static_cast<run_status>(ends_); }
    void end(run_status w) {
        if (w > ends()) ends_ = static_cast<std::sig_atomic_t>(w);
    }

private:
    volatile std::sig_atomic_t ends_ = 0;  // a signal handler on the loop's thread may call stop()
};

// ---------------------------------------------------------------------------- what a segment reads
/// Where values come from, by number: a partition's messages, what a boundary has ready, the elements
/// of a batch. Only what buffers, waits, shows or sends asks; the fused operators never do.
class origins {
public:
    virtual ~origins() = default;
    virtual hold hold_of(std::size_t i) = 0;
    /// A hold of the message itself, which an event that is acknowledged by hand does not let go.
    virtual hold source_of(std::size_t i) { return hold_of(i); }
    /// Acknowledged before it is finished: its own hold goes now, if a hold keeps it and not a
    /// cursor.
    virtual void release(std::size_t) {}
    /// Key, headers, timestamp and (at a topic) the original value. Behind a boundary only where
    /// somebody can show or send them (`needs_message`); else an empty message.
    virtual message message_of(std::size_t i) const = 0;
    virtual headers headers_of(std::size_t i) const = 0;
    /// Null where the value is not from a topic.
    virtual const topic_partition* partition_of(std::size_t i) const = 0;
    /// The decoded key, where one is kept.
    virtual const void* key_of(std::size_t) const { return nullptr; }
    /// Where decoded keys lie side by side: an array of slot<K>, asked for once a run. Else null.
    virtual const void* keys_at() const { return nullptr; }
    /// The object that holds the decoded value, if it is of this type: who is given that very
    /// object may send the original bytes.
    virtual const void* value_of(std::size_t, const void* /*type*/) const { return nullptr; }
    /// Of a value that stands for several messages, a batch: where these are. Else null.
    struct several {
        const origins* in = nullptr;
        std::size_t count = 0;
    };
    virtual several parts_of(std::size_t) const { return {}; }
};

/// A partition's decoded batch, or what a boundary has ready. `count` elements; which are worked on,
/// the cursor knows.
class input : public origins {
public:
    std::size_t count = 0;
    virtual void passed(std::size_t /*upto*/) {}  // those before are finished
    // what is gone leaves, from place `from` on; true if what stood there does
    virtual bool forget(std::size_t /*from*/) { return false; }
};
/// Names a type, or a list of them: its address does.
template <class... T>
inline constexpr char type_id = 0;

template <class T>
struct slot {  // so that a vector of bool is none
    T value{};
};
template <class T>
class input_of : public input {
public:
    std::vector<slot<T>> values;  // recycled: may be longer than count
};

/// One of them.
struct origin {
    origins& from;
    std::size_t i;

    weir::hold hold() const { return from.hold_of(i); }
    weir::message message() const { return from.message_of(i); }
};
/// The message a chain is working on.
struct context {
    origins& from;
    std::size_t i;
    segment_turn& now;
    const void* keys = nullptr;  // of all of `from`, if they lie side by side

    weir::hold hold() const { return from.hold_of(i); }
    weir::message message() const { return from.message_of(i); }
};

// ------------------------------------------------------------------------------------- the segment
/// Who is in a segment's sink. Segments whose chains end in one chain_ref share their occupancy.
struct sink_occupancy {
    const void* occupant = nullptr;  // the cursor whose message is parked
};

/// The operators between two boundaries, fused into one chain. Lives as long as its run; used by the
/// loop's thread only.
class segment {
public:
    virtual ~segment() = default;
    /// Works on `from`, starting at message `at`; one that was parked there before has been
    /// finished by `finish`.
    virtual run_result run(input& from, std::size_t at, segment_turn&) = 0;
    virtual bool full() = 0;      // a message is parked in the sink, or it has no room for another
    // throws what the parked message threw; then nothing of it is kept
    virtual void check() = 0;
    virtual void finish() = 0;    // the parked message has left the sink: its state is kept
    virtual void discard() = 0;      // the parked message is not ours any more: nothing of it is kept
    virtual bool reads_batches() const = 0;

    agent_info* agent = nullptr;
    std::string ops{};  // as drawn: "filter | map | to"
    sink_occupancy* occupancy = &own_;

private:
    sink_occupancy own_;
};

template <class T>
inline constexpr bool is_batch = false;
/// A value whose life keeps messages open: it has to go as soon as it is passed.
template <class T>
inline constexpr bool holds_messages = is_batch<T>;

template <class In, class Chain>
class fused final : public segment {
public:
    explicit fused(Chain c) : chain_(std::move(c)) {}

    run_result run(input& base, std::size_t at, segment_turn& now) override {
        auto& from = static_cast<input_of<In>&>(base);
        // nobody fills an input while it is read
        const slot<In>* const values = from.values.data();
        const void* const keys = from.keys_at();
        const auto count = from.count;
        std::size_t i = at;
        context c{from, at, now, keys};
        now.current = &c;
        try {
            for (std::size_t some = 1;; some = std::min<std::size_t>(some * 2, 64)) {
                for (const auto end = std::min(count, i + some); i < end; ++i) {
                    c.i = i;
                    chain_.push(c, values[i].value);
                    chain_.apply(c);
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
    bool reads_batches() const override { return is_batch<In>; }

private:
    Chain chain_;
};

}  // namespace weir::detail
