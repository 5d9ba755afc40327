// SPDX-License-Identifier: Apache-2.0
// Tables on disk. What a cut has written is told to the disk when it is in the changelog, and what
// the disk says of itself is one cut behind: it never claims what it lacks, and what it has besides
// is read again from the changelog.
#include <algorithm>
#include <utility>

#include <weir/error.hpp>
#include <weir/graph/topic_info.hpp>

#include "shard_group.hpp"

namespace weir::detail {

void shard_group::check_disks() const {
    if (!disk_error_.empty()) throw error{disk_error_};
    for (auto& m : tables_)
        if (m.disk && !m.disk->error().empty()) throw error{m.disk->error()};
}

void shard_group::leave_readable() {
    leaves_readable_ = true;
    for (auto& m : tables_)
        if (m.disk && m.disk->error().empty()) m.disk->close_for_writing();
}

/// Throws unfit_snapshot.
void shard_group::check_fits(const member& m, const snapshot_head& h, timestamp now) const {
    const auto& t = *m.table;
    const auto& o = h.owner;
    if (o.app != app_ || o.table != t.name || h.changelog != t.changelog->name)
        throw unfit_snapshot{"is of table '" + o.table + "' of app '" + o.app + "'"};
    if (o.key_type != t.key_type || o.value_type != t.value_type || o.windows != windows_of(t))
        throw unfit_snapshot{"has other types or windows"};
    if (h.inputs != input_names_) throw unfit_snapshot{"is of other topics"};
    // Later the broker may have removed tombstones of keys that are in it.
    if (h.written > now || now - h.written > t.changelog->tombstones_kept / 2)
        throw unfit_snapshot{"is too old, or the clock was set back"};
}

/// Where it fails, the app stops before anything else is done: see check_disks.
void shard_group::begin_on_disk(member& m, const snapshots& all, timestamp now) {
    try {
        m.disk = m.table->disk->open(all.store_path(*m.table, partition_));
        if (!resume_on_disk(m, now)) begin_anew(m);
    } catch (const error& e) {
        disk_error_ = e.what();
        m.disk.reset();
        begin_anew(m);
    }
}

/// False: nothing of it can be used, and it is restored from its changelog alone.
bool shard_group::resume_on_disk(member& m, timestamp now) {
    if (m.disk->head().empty()) return false;
    try {
        const auto h = snapshot_head::of(m.disk->head());
        check_fits(m, h, now);
        m.shard = m.table->make(inputs_.size());
        m.shard->use_disk(m.disk, m.disk->keys());
        m.shard->restore_mark(h.at, h.time, h.closed);
        m.was_warm = warm_shard{m.shard, h.next, h.owner, h.at, m.disk, true};
        resume(m);
        return true;
    } catch (const unfit_snapshot& e) {
        lines_.push_back("table '" + m.table->name + "'[" + std::to_string(partition_) +
                         "] is restored from its changelog alone: what is on disk, " +
                         m.disk->path() + ", " + e.what());
    }
    return false;
}

/// It has written this when the partition was another's already, and the disk may have it.
bool shard_group::is_late_writer(const member& m, const cut_stamp& s) const {
    const auto& last = m.last_owner;
    const bool is_late = s.epoch < last.epoch || (s.epoch == last.epoch && s.owner != last.owner);
    return is_late && m.writers.find(s.owner) != std::string::npos;
}

snapshot_head shard_group::head_of(const member& m, const warm_shard& w) const {
    snapshot_head head{w.owner, m.table->changelog->name, w.next, input_names_, w.at};
    head.time = m.shard->time();
    if (head.time != no_time) head.closed = head.time - m.table->windows.closes_after;
    return head;
}

/// A cut is in the changelog, with its mark. What the disk lacks of the one before is in this one.
void shard_group::begin_disk(member& m) {
    at_ = stage::disk;
    if (!m.next_head.empty()) {
        m.disk->set_head(std::exchange(m.next_head, {}));
        m.writers.clear();
    }
    if (m.writers.find(owner_) == std::string::npos) m.writers += ' ' + owner_;
    m.disk->set_writers(m.writers);
    auto head = head_of(m, at_rest_of(m, cut_));
    head.time = m.shard->cut_time();
    head.written = wall_;
    m.next_head = head.text();
}

/// The run ends, and the shard is at rest. False: the disk has all of it.
bool shard_group::finish_disk(member& m, timestamp now) {
    constexpr std::size_t piece = 4096;
    if (m.shard->put_some(piece)) return true;
    auto head = head_of(m, at_rest_of(m, finished()));
    head.written = now;
    m.disk->set_head(head.text());
    m.disk->set_writers(owner_);
    m.disk->write(m.disk->keys());
    m.disk->flush();
    return false;
}

}  // namespace weir::detail
