// SPDX-License-Identifier: Apache-2.0
// A table as the loop sees it: its changelog, the topics that change it, and its shards.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <weir/codec/data_type.hpp>
#include <weir/hold.hpp>
#include <weir/message.hpp>
#include <weir/options.hpp>
#include <weir/segment/produce.hpp>
#include <weir/window.hpp>
#include <weir/within.hpp>

namespace weir {
struct late_value;
struct passed_message;
}  // namespace weir
namespace weir::detail {

class backing;
class disk_stores;

/// One offset for each input, in the order of the inputs: a table as of a cut contains every change
/// by a message before that offset, and no other change.
using cut = std::vector<offset>;

/// The stream time before the first message.
inline constexpr timestamp no_time = timestamp::min();

/// Whether everything in `a` is in `b`, too.
inline bool is_within(const cut& a, const cut& b) {
    for (std::size_t i = 0; i < a.size(); ++i)
        if (a[i] > b[i]) return false;
    return true;
}

/// The clock closes windows: from these offsets of the inputs on, the stream time is at least
/// `time`. Such decisions are numbered. They are one more input of a table, behind its topics, and
/// have their offsets: a cut says which of them it contains.
struct clock_decision {
    offset number = 0;
    timestamp time = no_time;
    timestamp alarm = no_time;  // timers of the app's clock are due that are set to this, or before
    cut from{};
    const topic_partition* tp = nullptr;  // whose messages have opened the windows
    hold held{};                          // until all results are processed
    bool is_due = false;                  // it is written, and nothing comes before it
};

/// One partition of a table, while its input is assigned. It is restored from the changelog. Then
/// messages change it, and cuts of it are written to the changelog. Used on the loop's thread.
class shard {
public:
    virtual ~shard() = default;

    // restoring: each record of the changelog in turn, then `restored`
    /// The row of this key is restored soon. Does nothing if the key does not decode.
    virtual void prefetch(bytes_view key) = 0;
    /// A row as of the cut `of`. Throws decode_error.
    virtual void restore_row(const message&, const cut& of) = 0;
    /// The row that is restored next was changed at this stream time.
    virtual void restore_changed(timestamp) = 0;
    /// The key is erased as of the cut `of`. `tombstone`: the changelog need not say so again.
    virtual void restore_erased(const message&, const cut& of, bool tombstone) = 0;
    /// The cut `of` is complete. As of it: the stream time, and the ends of windows that have
    /// closed, which are not erased one by one.
    virtual void restore_mark(const cut& of, timestamp time, timestamp closed) = 0;
    virtual void restored() = 0;

    // running
    /// The inputs' offsets before `upto` are committable. Returns the most that a cut may have:
    /// less than `upto` if messages have changed the table in another order than that of their
    /// offsets.
    virtual cut committable(const cut& upto) = 0;
    /// Whether every change that can still be undone is by a message before `upto`. O(1).
    virtual bool is_all_before(const cut& upto) const = 0;
    /// Changes by messages before `upto` can't be undone any more. `committable` has returned it.
    virtual void forget(const cut& upto) = 0;
    /// How many changes can still be undone.
    virtual std::size_t journal_size() const = 0;
    /// Whether there is anything to write.
    virtual bool changed() const = 0;
    /// It has changes by messages that its inputs will deliver again. No cut is made meanwhile,
    /// since it would go back.
    virtual bool replaying() const = 0;
    /// A cut can be made at `upto`. If that contains all that was restored, it does not replay any
    /// more.
    virtual void replayed(const cut& upto) = 0;
    /// What its rows are restored of, in no order. It has no change by a message that is in none of
    /// them. Valid while it replays.
    virtual std::vector<cut> replays() const = 0;

    /// The current message is finished.
    virtual void finish() = 0;
    /// The current message has failed: it has changed nothing.
    virtual void undo() = 0;

    // writing a cut
    /// Takes down the table as of now, without the changes that `forget` has not passed.
    virtual void begin_cut() = 0;
    /// The stream time as of the cut; no_time: no operator asks for it.
    virtual timestamp cut_time() const = 0;
    enum class record_kind : std::uint8_t { none, row, erased };
    /// The next record of the cut. None: there is no other. Throws encode_error.
    virtual record_kind next(outgoing& into) = 0;
    /// The record was sent.
    virtual void sent() = 0;
    /// Once the cut is complete: the next tombstone for what it has erased. False: no other.
    virtual bool next_tombstone(outgoing& into) = 0;
    virtual void sent_tombstone() = 0;

    // coming back: `resume` in place of restoring from the start, and `reopen` before the first
    // record that another owner has added meanwhile; then as above
    /// Every change that it has is in the changelog, and none can be undone any more.
    virtual bool is_at_rest() const = 0;
    /// It is at rest, and contains every change by messages before `all_before`.
    virtual void resume(const cut& all_before) = 0;
    virtual void reopen() = 0;

    /// How many keys it has.
    virtual std::size_t size() const = 0;
    /// What its rows, their keys and values, and the journal take in memory.
    virtual std::size_t bytes() const = 0;

    // a snapshot, while it is at rest
    /// The next row from number `from` on, which goes on behind it: with its value, or erased, if a
    /// tombstone is to follow. None: there is no other.
    virtual record_kind row_from(std::uint32_t& from, outgoing& into) const = 0;

    // a table on disk
    /// Before anything else. The disk has so many keys.
    virtual void use_disk(std::shared_ptr<backing>, std::size_t keys) = 0;
    /// Writes at most so many rows to the disk that it lacks. False: there is no other. What is in
    /// no cut is left out, since the next one has it.
    virtual bool put_some(std::size_t most) = 0;
    /// How many rows can't leave memory yet. 0 while it replays: until then there is no cut.
    virtual std::size_t unwritten() const = 0;
    /// Rows that the disk has leave memory, until it takes no more than `upto` or enough have been
    /// looked at. Nobody may have a pointer to a row meanwhile.
    virtual void leave_memory(std::size_t upto) = 0;

    // windows
    virtual timestamp time() const = 0;
    /// The end of the window that closes next; timestamp::max(): none is open.
    virtual timestamp next_end() const { return timestamp::max(); }
    /// When the app's clock, which shows `now`, fires the next timer; timestamp::max(): there is
    /// none.
    virtual timestamp next_alarm(timestamp /*now*/) { return timestamp::max(); }
    /// It was made, and is not carried out yet.
    std::optional<clock_decision> decision{};
    /// Messages that come now may have come to an earlier owner, in another order.
    bool may_repeat = true;
};

struct agent_info;
struct context;
struct topic_info;
class table_info;
class worker;

/// A message that changes a table: the number of its topic among the inputs, and its offset.
struct message_number {
    std::size_t input;
    offset at;
    friend bool operator==(const message_number&, const message_number&) = default;
};

/// What comes of a decision by the clock has no message: its offset is shown as one below zero.
inline offset offset_of_decision(offset number) { return -1 - number; }
/// Which change it is that comes of what is at this offset. `clock`: the clock's input number.
inline message_number number_of(std::size_t input, offset at, std::size_t clock) {
    return at >= 0 ? message_number{input, at} : message_number{clock, -1 - at};
}

/// How a body changes tables: `clicks[user] += 1`. Implemented by the conductor.
class body_changes {
public:
    /// The message that a function is working on. Throws weir::error if there is none, or if its
    /// agent may not change the table. Null: its partition is lost, so it changes nothing.
    virtual const context* message_for(table_info&) = 0;
    /// The coroutine that runs now; null if a function does.
    virtual worker* coroutine() const = 0;
    /// If the agent that changes the table is at work, on a message that may change it: that
    /// message's partition. Else -1.
    virtual partition_id partition_in_work(const table_info&) const = 0;
    /// The app's clock.
    virtual timestamp now() const = 0;
    /// Of the message that a function works on; nothing if there is none.
    virtual std::optional<timestamp> time_in_work() const = 0;
    /// The message changes this shard: it is told when the message is finished or undone.
    virtual void changes(const std::shared_ptr<shard>&) = 0;
    /// A message that is finished just now, as something of it is to go on. Nothing: its partition
    /// is lost, so it comes again.
    struct finished_message {
        hold held;
        const topic_partition* tp;  // lives as long as the run
    };
    virtual std::optional<finished_message> finished(const topic_info&, partition_id,
                                                     offset) const = 0;

protected:
    ~body_changes() = default;
};

/// Is told what tables and windows do not take. Implemented by the conductor.
class table_listener {
public:
    virtual void late(const weir::late_value&) = 0;
    virtual void passed_over(const weir::passed_message&) = 0;

protected:
    ~table_listener() = default;
};

/// Is shown each key and value of a table, as bytes.
class row_visitor {
public:
    virtual void row(bytes_view key, bytes_view value) = 0;

protected:
    ~row_visitor() = default;
};

/// The windows that fill a table.
struct window_settings {
    std::string text{};  // as in the graph; empty: there are none
    std::optional<fixed_windows> fixed{};
    bool in_panes = false;            // the table's rows are not windows, but panes of them
    bool by_bodies = false;           // a view of the table fills it, and no operator
    bool fires_timers = false;        // the rows' timers are fired
    std::chrono::milliseconds gap{};  // of sessions
    std::optional<join_bounds> join{};
    join_kind kind{};  // of a join
    /// A window is closed when the stream time is so long behind its end.
    std::chrono::milliseconds closes_after{};
    duration idle{};  // 0: the clock closes none
    /// How long one input waits for messages of another that are still at the broker.
    duration wait = std::chrono::seconds{1};
};

/// A table. Owned by the app's engine, and lives as long. Its shards come and go with the
/// partitions of its inputs.
class table_info {
public:
    virtual ~table_info() = default;
    virtual std::shared_ptr<shard> make(std::size_t inputs) const = 0;
    /// Null: it is not here any more.
    virtual void set(partition_id, std::shared_ptr<shard>) = 0;
    /// A run begins: what the last one has left is not here any more.
    virtual void clear() = 0;
    /// The coroutine's message is finished: what it has changed becomes real.
    virtual void apply_pending(const worker&) = 0;
    /// The coroutine's message has failed.
    virtual void forget_pending(const worker&) = 0;
    /// Partition by partition, in no order.
    virtual void visit(row_visitor&) const = 0;
    /// How many shards are here and restored.
    virtual std::size_t shard_count() const = 0;
    /// `.init`, encoded; nothing, if it is the default.
    virtual std::optional<bytes> own_init() const = 0;

    std::string name;
    const void* type = nullptr;
    std::string key_type, value_type;
    data_type key_form{}, value_form{};
    // Of `app.table(topic)` the topic itself, which weir does not write to.
    topic_info* changelog = nullptr;
    bool is_topic = false;
    // Of a topic: a policy has dealt with what does not decode, so it is left out when restored.
    bool leaves_out_undecodable = false;
    bool is_global = false;  // every member has all of the topic, as one shard
    std::size_t journal_max = 0;
    std::chrono::milliseconds ttl{};  // 0: keys stay
    const char* no_ttl = nullptr;     // why it must have none
    // What it may take in memory, and what it takes: all that is here of it. 0: it has no limit.
    std::size_t memory_max = 0, memory_used = 0;
    std::size_t unwritten = 0;  // of a table on disk: rows that can't leave memory yet
    // Messages that each of its partitions may read now; fewer as it comes near to a limit.
    std::size_t memory_room = std::numeric_limits<std::size_t>::max();
    bool on_disk = false;                   // see table_options::store
    std::shared_ptr<disk_stores> disk{};    // of a run
    const char* why_not_on_disk = nullptr;  // null: it may be
    std::string full{};  // a sentence: why they are not read; empty: there is room
    // How long a shard is kept whose partition was given up, in case that it comes back.
    duration warm_for = std::chrono::minutes{5};
    int standby = 0;  // how many other members keep a copy of a partition
    // After a run: of how many partitions this member has kept a copy.
    std::size_t copies = 0;
    offset copies_behind = 0;             // records that they have not read
    std::string changed_by;               // an agent; empty: by none
    const agent_info* changer = nullptr;  // the same
    // What of it changes the table. Not both: a function would change what a coroutine has read.
    enum class change_by : std::uint8_t { none, functions, coroutines };
    change_by changes_come_of = change_by::none;
    std::vector<topic_info*> sources;  // topics whose messages change it
    bool is_in_chain = false;          // another table is changed by what it passes on, or may be
    /// All topics whose messages change it or are joined with it, and those of tables that share a
    /// topic with it: their cuts are made together. Sorted by name. Known once a run has started.
    std::vector<topic_info*> inputs;
    /// Those of the inputs whose messages change none of these tables: a cut says nothing of them.
    std::vector<topic_info*> only_joined;
    body_changes* bodies = nullptr;      // while the app runs
    table_listener* listener = nullptr;  // the same
    window_settings windows{};
    /// Where its rows are, and how much memory it may take.
    void use_store(store, std::size_t memory);
    /// Throws setup_error if it is filled otherwise, too.
    void fill_by_windows(window_settings);
    /// The time of the message in work. Throws weir::error if there is none.
    timestamp time_in_work() const;
    /// The time of the app's clock. Throws weir::error if the app does not run.
    timestamp now() const;
    /// The agent that changes it has ended.
    bool has_ended() const;
    /// Throws weir::error if the topic's messages change none of the tables.
    std::size_t input_of(const std::string& topic) const;
    bool is_only_joined(const topic_info&) const;
    /// Throws weir::error if this agent may not change it in this way.
    void check_changed_by(const agent_info&, change_by);
    /// Throws weir::error if the value comes from no topic, or is a batch.
    void check_source(const topic_partition*, bool of_batch) const;
    /// Throws weir::error if nobody fires its timers, or if the time is not positive.
    void check_timer(duration) const;
    /// Throws weir::error if the key is null.
    void check_key(bytes_view) const;
};

}  // namespace weir::detail
