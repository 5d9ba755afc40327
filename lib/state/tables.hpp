// SPDX-License-Identifier: Apache-2.0
// The tables of a run: restored before their inputs are read, written before those are committed.
#pragma once
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/state/shard.hpp>
#include <weir/transport/transport.hpp>

#include "global_tables.hpp"
#include "shard_group.hpp"
#include "standby.hpp"
#include "table_memory.hpp"
#include "warm_shards.hpp"

namespace weir::detail {

/// Made for one run, used on the loop's thread. Knows partitions by their numbers only: the
/// conductor tells it what is assigned and finished, and asks what may be read and committed.
class tables {
public:
    /// `state_dir`: where snapshots are; empty: there are none. `memory_max`: of all tables.
    tables(transport::transport& t, std::string app, std::shared_ptr<release_queue> r,
           std::string state_dir = {}, std::size_t memory_max = 0)
        : transport_(t),
          app_(std::move(app)),
          releases_(std::move(r)),
          state_dir_(std::move(state_dir)),
          memory_(memory_max),
          global_(t) {}

    /// Before the first assignment, in the order in which they were drawn. Throws setup_error:
    /// there is no place for their snapshots.
    void use(table_target t);
    /// The same for a global table.
    void use_global(table_info& t, bool skips_undecodable) {
        global_.use(t, skips_undecodable);
        memory_.use(t);
    }
    bool any() const { return !all_.empty() || global_.any(); }
    /// Until then no partition of the app is read, nor any other source.
    bool globals_restored() const { return global_.restored(); }
    /// Reads on in their topics. True if there was anything. Throws weir::error.
    bool read_globals() { return global_.read(); }
    /// A sentence: why the partition may not be read. Empty: it may.
    std::string why_refused(const topic_partition&) const;
    /// Messages before `from` will not come. Null: the topic changes no table.
    std::shared_ptr<table_input> assigned(const topic_partition&, offset from, timestamp now);
    /// The input's partition is not here any more. Returns those that stay and have changed the
    /// same shards: the shards are gone, so what these have not committed has to come again.
    std::vector<topic_partition> gone(const table_input&, bool lost, time_point now);
    /// Whether a copy of anything may be kept here: `choose_copies` wants to know of the members.
    bool want_copies() const;
    /// Who is in the group: begins to keep copies, or ends it.
    void choose_copies(const std::vector<transport::group_member>&, timestamp now);
    /// "a copy of its tables is kept here, 120 records behind". Empty: none is.
    std::string copy_of(const topic_partition&) const;
    standby_copies::sum copies() const { return copies_.of_all(); }
    /// The run ends, and all is committed: writes a piece of the snapshots. False: there is nothing
    /// more to write.
    bool write_snapshots(timestamp now);
    /// The run ends: what is here can still be read afterwards.
    void leave_readable();
    void clear();

    /// The tables that this input changes. Null: they are not here any more.
    const shard_group* group_with(const table_input&) const;

    /// Reads on in the changelogs. True if there was anything. Throws weir::error.
    bool restore();
    /// Looks at how far the inputs are. `under_way(group)` and what it returns: as in
    /// shard_group::update.
    template <class UnderWay>
    bool update(time_point now, timestamp wall, UnderWay under_way) {
        bool any = warm_.forget_old(now);
        now_ = now;
        wall_ = wall;
        if (memory_.any()) measure();
        for (auto& [key, g] : groups_) {
            g->set_now(now, wall);
            any |= g->update(g->asks_under_way() && under_way(*g));
        }
        return any;
    }
    /// When `update` has something to do, if that depends on the time.
    time_point due() const;
    /// Begins cuts of what is committable.
    void begin_cuts();
    /// Sends a piece of each cut. True if there was anything. Throws weir::error.
    bool write();
    /// Whether a cut has been begun since the last call: `write` has something to do.
    bool take_begun() { return std::exchange(begun_, false); }
    bool idle() const;
    /// Whether a cut has been written since the last call.
    bool take_written();
    /// Why the partition is not read yet, in a sentence. Empty: it may be.
    std::string why_not_ready(const topic_partition&) const;
    /// The same for the first partition that is not.
    std::string why_not_ready() const;
    /// What the window of this partition waits for that closes next. Empty: none is open.
    std::string why_open(const topic_partition&) const;
    /// Why no more of the partition is read, in a sentence: its tables are full. Empty: there is
    /// room.
    std::string why_full(const topic_partition&) const;
    /// What the partition's commit waits for, in a sentence. Empty: no cut is being written.
    std::string being_written(const topic_partition&) const;
    std::size_t keys() const;
    /// Whether a partition is not read yet because of its tables.
    bool any_restoring() const;
    /// How many shards are not restored.
    std::size_t restoring_count() const;
    /// How far the shards are that are not restored: "restoring 2 shards: 120,000 of 3,400,000
    /// records". Empty: there is none, or nothing of it is left to be read.
    std::string progress() const;
    /// What has begun to be restored since the last call, and what is done.
    std::vector<shard_group::news> take_news();
    /// Lines for the log.
    std::vector<std::string> take_lines();

private:
    std::vector<table_target> tables_of(const topic_info& input) const;
    int standby_of(const topic_info& input) const;
    std::unique_ptr<shard_group> make_group(const group_key&, timestamp now, bool is_copy);
    const topic_info* input_named(const std::string& topic) const;
    const shard_group* group_of(const topic_partition&) const;
    void measure();
    void use_disk(table_info&) const;
    void check_disks() const;

    transport::transport& transport_;
    std::string app_;
    std::shared_ptr<release_queue> releases_;
    std::string state_dir_;
    snapshots on_disk_{};
    std::vector<table_target> all_;
    standby_copies copies_{};
    time_point now_{};
    timestamp wall_{};
    std::map<group_key, std::unique_ptr<shard_group>> groups_;
    group_key restored_last_{};
    warm_shards warm_;
    table_memory memory_;
    global_tables global_;
    bool begun_ = false;
};

}  // namespace weir::detail
