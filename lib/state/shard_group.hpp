// SPDX-License-Identifier: Apache-2.0
// The tables of one partition whose changes depend on each other.
#pragma once
#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <weir/state/shard.hpp>
#include <weir/transport/transport.hpp>

#include "changelog.hpp"
#include "snapshot.hpp"
#include "warm_shards.hpp"

namespace weir::detail {

/// What an input's partition and the tables that it changes tell each other. Made by the tables
/// when the partition is assigned, and shared with it.
struct table_input {
    // told by the partition
    offset committable = 0;  // everything before is finished
    offset next = 0;         // everything before has been read
    bool leaving = false;    // it is revoked: what it has begun is finished
    bool at_end = false;     // everything in the log is finished
    // Where the log ended when that was known first: an earlier owner has read nothing behind it.
    std::optional<offset> first_end{};
    time_point last_read{};  // when a message was read last, or when reading began
    const topic_partition* tp = nullptr;
    // told by the tables
    bool ready = false;                                          // the partition may be read
    std::size_t room = std::numeric_limits<std::size_t>::max();  // messages that may be read now
    offset written = 0;  // so far as the changelogs have it: no commit may pass it
    // The tables have changes by messages before it, and wait for those to come again.
    offset replays_to = 0;
    // No message at this offset or behind it is read now.
    offset limit = std::numeric_limits<offset>::max();
    // The tables are not here any more: nothing more will be written.
    bool abandoned = false;
};

/// A changelog's records on their way to the broker; or, of a decision by the clock, its results.
class records_under_way final : public hold_owner {
public:
    explicit records_under_way(std::shared_ptr<release_queue> r) : hold_owner(std::move(r)) {}
    void add(std::int64_t) override { ++count_; }
    void remove(std::int64_t) override {
        if (--count_ == 0 && left_) delete this;
    }
    detail::ownership ownership() const override {
        return left_ ? ownership::lost : ownership::owned;
    }
    std::size_t count() const { return count_; }
    /// Nobody asks any more: it is deleted with the last record.
    void leave() {
        left_ = true;
        if (count_ == 0) delete this;
    }

private:
    ~records_under_way() override = default;
    std::size_t count_ = 0;
    bool left_ = false;
};
struct leave_records {
    void operator()(records_under_way* r) const { r->leave(); }
};

/// The windows that fill a table, and what its rows are.
std::string windows_of(const table_info&);

/// 3400000 as "3,400,000".
std::string grouped(offset);

/// A table and where its changelog's records are sent.
struct table_target {
    table_info* table;
    produce_target* to;
};

/// Several tables, of one partition number, that share inputs: what one passes on may change the
/// next. Their cuts are made together, and written from the last table to the first. So if the
/// first has a change, the next has what came of it. A shard that already has a change passes
/// nothing on.
///
/// Life: `restoring` until each shard has read its changelog up to its own record, then `running`.
/// A cut's records are sent; when all of them have arrived, its mark is; when that has arrived, the
/// next table is written; after the first table's mark the inputs may be committed up to the cut.
/// Used on the loop's thread.
class shard_group {
public:
    /// `tables` in the order in which they were drawn. They have the same inputs. Shards that are
    /// still warm, or on disk, are restored from where they were.
    shard_group(std::vector<table_target> tables, partition_id, std::string app,
                transport::transport&, std::shared_ptr<release_queue>, warm_shards&,
                const snapshots&, timestamp now, bool is_copy = false);
    /// Throws weir::error if the disk of a table has failed: nothing more is committed.
    void check_disks() const;
    shard_group(const shard_group&) = delete;
    shard_group& operator=(const shard_group&) = delete;
    ~shard_group();

    partition_id partition() const { return partition_; }
    const std::vector<topic_info*>& inputs() const { return tables_.front().table->inputs; }
    /// The input is assigned: messages before `from` will not come.
    std::shared_ptr<table_input> assigned(const topic_info&, offset from);
    /// The input is not here any more. If it is `lost`, nothing more may be written; neither if
    /// another input stays. False: the group has to go, too. Else it stays until the other inputs,
    /// which are leaving, are gone.
    bool stays_without(const table_input&, bool lost);
    /// The inputs that are here and stay.
    std::vector<topic_partition> staying() const;
    /// It goes, and its inputs may come back: the shards that are at rest are kept.
    void keep_warm(warm_shards&, time_point now);
    /// The run ends: writes a piece of a snapshot of each shard that is at rest. False: there is
    /// nothing more to write.
    bool write_snapshots(const snapshots&, timestamp now);
    /// Since the last call: for the log.
    std::vector<std::string> take_lines() { return std::exchange(lines_, {}); }
    /// The run ends: the tables can still be read afterwards.
    void leave_readable();
    bool has(const table_input&) const;
    bool is_changed_by(const std::string& agent) const;
    /// Tables of this agent that depend on the time of messages: how many there are, and how long
    /// one input waits for another one's messages.
    struct timed_tables {
        std::size_t count = 0;
        duration wait{};
    };
    timed_tables timed_tables_of(const std::string& agent) const;
    /// The input was assigned before.
    bool had(const topic_info&) const;
    bool restoring() const { return !running_; }

    // a copy: no input is assigned
    /// Reads on in the changelogs: about `left` records at the most, which is how many are left
    /// then. True if there was anything. Throws weir::error.
    bool follow(std::size_t& left);
    /// Its inputs are assigned next.
    void promote(warm_shards&, const snapshots&, timestamp now);
    /// Whether it can become a copy when its inputs go: nothing of it is written, or changed.
    bool can_follow() const;
    /// Its inputs are gone.
    void demote();
    /// How many tables are in it; or whether this one is.
    std::size_t copied_count(const table_info* only) const;

    /// Reads a piece of the changelogs, until they are restored: about `left` records at the most,
    /// which is how many are left then. True if it did anything. Throws weir::error.
    bool restore(std::size_t& left);
    /// Forgets what can't be undone. `under_way`: what has been read has not gone through the
    /// agents that change the tables. True if there is something to do because of it.
    bool update(bool under_way);
    /// Before that: it is so late now.
    void set_now(time_point now, timestamp wall) {
        now_ = now;
        wall_ = wall;
    }
    /// Whether `update` asks what is under way.
    bool asks_under_way() const { return !steps_.empty() || waits_for_alarm(); }
    /// When `update` has something to do, if that depends on the time.
    time_point due() const { return std::min(due_of_step(), due_of_clock()); }
    /// While in steps: no message that is read belongs to this step any more.
    bool step_is_read() const;
    /// A sentence: what the window waits for that closes next. Empty: none is open.
    std::string why_open() const;
    /// Begins a cut, if there is anything to write and none is being written. True if it did.
    bool begin_cut();
    /// Sends a piece of the cut. True if it did anything.
    bool write();
    /// Nothing is being written.
    bool idle() const { return at_ == stage::none && under_way_->count() == 0; }
    /// A cut has been written since the last call.
    bool take_written() { return std::exchange(told_written_, false); }

    /// A sentence: why the inputs are not read yet. Empty: they are.
    std::string why_not_ready() const;
    /// A sentence: what the commits wait for. Empty: no cut is being written.
    std::string being_written() const;
    std::size_t keys() const;
    /// `f(table, shard)` for each.
    template <class F>
    void each(F f) const {
        for (auto& m : tables_)
            if (m.shard) f(*m.table, *m.shard);
    }
    /// A sentence: no more is read because of the memory that its tables take. Empty: there is
    /// room.
    std::string why_full() const;
    /// How many tables are not restored.
    std::size_t restoring_count() const;
    /// How many records of their changelogs have been read, and how many there are.
    struct records {
        offset read = 0, all = 0;
    };
    records to_restore() const;
    records to_restore(const table_info&) const;

    /// Records that an owner has written to the changelog when it was another's already.
    struct late_records {
        std::int64_t epoch;
        std::string owner;
        std::size_t count;
    };
    /// Messages of a topic that do not decode.
    struct left_out {
        std::size_t count = 0;
        std::string first{};  // "at 7: …"
    };
    /// A table begins to be restored, or is done.
    struct news {
        std::string table;
        partition_id partition;
        offset from, to;
        bool done;
        std::vector<late_records> late{};  // that were left out
        left_out undecodable{};
    };
    /// Since the last call.
    std::vector<news> take_news() { return std::exchange(news_, {}); }

private:
    struct member {
        table_info* table;
        produce_target* to;
        std::shared_ptr<detail::shard> shard;
        // of its own record in the changelog, and how many it has sent since
        offset owner_at = 0, sent = 0;
        std::unique_ptr<snapshot_reader> on_disk{};  // it is read, before `reader` is there
        std::string path{};                          // of the snapshot
        std::unique_ptr<snapshot_writer> to_disk{};
        bool is_on_disk = false;  // or cannot be written
        // The shard was warm, and `reader` begins with the last record that is in it.
        std::optional<warm_shard> was_warm{};
        bool is_same = false;   // it has been seen that the changelog is still the same one
        bool reopened = false;  // others have written since
        // while it is restored
        std::unique_ptr<transport::partition> reader{};
        std::unique_ptr<fetch> fetched{};
        changelog_owner last_owner{};  // the last one that the changelog names
        std::optional<std::string> last_stamp{};
        cut_stamp stamp{};
        std::vector<late_records> late{};
        left_out undecodable{};
        bool announced = false, restored = false;
        offset clock_in_mark = 0;            // what the clock decides next, as of the last mark
        std::shared_ptr<disk_store> disk{};  // of a table on disk
        // What is to be said of it when the next cut is in the changelog, and who has written it.
        std::string next_head{}, writers{};
        std::optional<offset> from{};  // where the changelog begins
        offset read_to = 0;            // everything before has been read
        offset next_record = 0;        // behind the last record that was read
        time_point last_read{};        // when that was
        // of a copy
        bool was_at_end = false;            // it has been at the changelog's end
        std::vector<std::string> owners{};  // the last ones that the changelog names
    };
    enum class stage { none, rows, mark, arrival, disk, tombstones };
    // So many records are read at once: what was allocated for these is used for the next ones
    // while it is in the cache.
    static constexpr std::size_t restore_read = 512;

    static bool may_be_copied(const table_info&);
    std::size_t number_of(const topic_info&) const;
    bool complete() const;
    void begin(member&, warm_shards&, const snapshots&, timestamp now);
    void begin_anew(member&);
    bool lacks_something(member&);
    bool is_by_stranger(member&, const fetch&, std::size_t i);
    void give_up_copy(member&);
    void give_up_warm(member&);
    void resume(member&);
    bool begin_with(member&, const snapshots&, timestamp now);
    bool read_snapshot(member&);
    void drop_snapshot(member&, const std::string& why);
    // shard_group_disk.cpp
    void begin_on_disk(member&, const snapshots&, timestamp now);
    bool resume_on_disk(member&, timestamp now);
    void check_fits(const member&, const snapshot_head&, timestamp now) const;
    snapshot_head head_of(const member&, const warm_shard&) const;
    void begin_disk(member&);
    bool finish_disk(member&, timestamp now);
    bool is_late_writer(const member&, const cut_stamp&) const;
    bool find_rest();
    cut finished() const;
    warm_shard at_rest_of(const member&, const cut&) const;
    enum class follows { is_in_it, is_next, not_at_all };
    follows follows_warm(member&, const fetch&, std::size_t i);
    bool restore(member&);
    bool restore_topic(member&);
    void tell_begin(member&);
    void restore(member&, const fetch&, std::size_t i);
    static void restore_row(member&, const fetch&, std::size_t i);
    void restore_owner(member&, const message&);
    static void leave_out(member&);
    void leave_out(member&, const message&, const std::string& why);
    void announce(member&);
    void start();
    void find_steps();
    void begin_step();
    bool update_steps(bool under_way);
    time_point due_of_step() const;
    time_point due_of_clock() const;
    void look_for_repeats();
    void limit_reading();
    void tell_room();
    std::size_t topic_count() const { return inputs().size(); }
    /// Its messages change none of the tables.
    bool is_only_joined(std::size_t input) const { return input_names_[input].empty(); }
    /// Without the clock.
    std::span<const std::shared_ptr<table_input>> topic_inputs() const {
        return std::span{inputs_}.first(topic_count());
    }
    bool has_clock() const { return inputs_.size() > topic_count(); }
    bool update_clock(bool under_way);
    void read_decision(member&);
    void begin_decision();
    void give_decision();
    bool all_at_end() const;
    time_point last_read() const;
    bool is_reached(const cut& from) const;
    std::optional<time_point> closes_at(const member&) const;
    bool decide();
    const member* rung() const;
    bool waits_for_alarm() const;
    bool decide_alarm(bool under_way);
    bool is_due(const clock_decision&, bool under_way) const;
    bool has_all_before(const cut& from) const;
    void send_decision();
    const cut* decision_to_wait_for() const;
    cut committable_cut();
    void begin_table(std::size_t);
    bool write_one(member&);
    bool send_row(member&);
    void written();
    bool send(member&, outgoing&);
    static bool send(member&, const outgoing&, hold&);
    std::string where(const member&, offset) const;
    static records to_restore(const member&);

    std::vector<member> tables_;
    partition_id partition_;
    std::string app_;
    std::string owner_ = random_name();
    transport::transport& transport_;
    std::unique_ptr<records_under_way, leave_records> under_way_;
    std::vector<std::string> input_names_;  // empty: it is only joined, and not in a stamp
    std::vector<std::shared_ptr<table_input>> inputs_;  // null: was never here
    std::size_t gone_ = 0;                              // of the inputs
    bool running_ = false, leaves_readable_ = false;
    bool may_repeat_ = true;

    cut upto_;  // of `update`
    time_point now_{};
    timestamp wall_{};

    // the clock
    struct decision {
        std::size_t table;
        offset number;
        timestamp time, alarm;
        cut from;
        bool sent = false, written = false;
    };
    std::optional<decision> decision_;  // until all its results are processed
    std::unique_ptr<records_under_way, leave_records> decision_under_way_, results_;
    // A timer of the app's clock is due, and what has been read is not through the agents yet.
    bool lets_finish_ = false;
    // The stream time of an idle partition goes on with the clock from then on.
    time_point idle_from_{}, idle_since_{};
    // Several tables replay: the cuts that are left, and since when nothing has been read.
    std::vector<cut> steps_;
    offset read_of_step_ = -1;
    time_point still_since_{};

    // the cut that is being written
    stage at_ = stage::none;
    std::size_t writing_ = 0;  // the table: from the last to the first
    cut cut_;
    outgoing row_{}, erased_{}, mark_{}, tombstone_{};
    shard::record_kind next_ = shard::record_kind::none;  // made, and not sent yet
    bool told_written_ = false;
    std::string disk_error_{};
    std::vector<news> news_;
    std::vector<std::string> lines_;
};

}  // namespace weir::detail
