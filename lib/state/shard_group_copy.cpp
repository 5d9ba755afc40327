// SPDX-License-Identifier: Apache-2.0
// A shard_group that is a copy: another member has its partition.
#include <algorithm>
#include <utility>

#include <weir/graph/topic_info.hpp>

#include "shard_group.hpp"

namespace weir::detail {
namespace {

// Of so many owners the names are kept. A late record is of one of the last few.
constexpr std::size_t owners_known = 16;

}  // namespace

/// How far the group has come in a topic is not known here. What a table has on disk is taken from
/// there when the partition comes.
bool shard_group::may_be_copied(const table_info& t) { return !t.is_topic && !t.on_disk; }

bool shard_group::follow(std::size_t& left) {
    bool busy = false;
    for (auto& m : tables_) {
        if (!m.shard) continue;
        while (left > 0 && restore(m)) {
            busy = true;
            left -= std::min(left, restore_read);
            if (m.on_disk) break;  // one block of it at a time
        }
        const auto n = to_restore(m);
        m.was_at_end |= m.reader && m.reader->end() && n.read == n.all;
    }
    return busy;
}

/// From here on the rest is restored as ever.
void shard_group::promote(warm_shards& warm, const snapshots& on_disk, timestamp now) {
    for (auto& m : tables_) {
        if (!m.shard) begin(m, warm, on_disk, now);
        m.from.reset();  // only the rest is told
    }
}

bool shard_group::can_follow() const {
    const auto is_ours = [](auto& m) { return m.announced; };
    return !running_ && std::none_of(tables_.begin(), tables_.end(), is_ours);
}

void shard_group::demote() {
    for (std::size_t i = 0; i < topic_count(); ++i) {
        if (!inputs_[i]) continue;
        inputs_[i]->abandoned = true;
        inputs_[i].reset();
    }
    gone_ = 0;
    for (auto& m : tables_) {
        if (may_be_copied(*m.table)) continue;
        if (m.disk) m.disk->close();
        m = member{m.table, m.to, nullptr};
    }
}

std::size_t shard_group::copied_count(const table_info* only) const {
    return static_cast<std::size_t>(std::count_if(tables_.begin(), tables_.end(), [&](auto& m) {
        return m.shard && (!only || m.table == only);
    }));
}

shard_group::records shard_group::to_restore(const table_info& of) const {
    for (auto& m : tables_)
        if (m.table == &of) return to_restore(m);
    return {};
}

/// What was read last shows that the log is not the one that the shard is made of, or that some of
/// it was gone before it was read.
bool shard_group::lacks_something(member& m) {
    const auto upto = std::exchange(m.read_to, m.reader->position().value_or(m.read_to));
    if (m.reader->take_lost() || m.read_to < upto) return true;
    if (!m.fetched) return false;
    const auto all = m.fetched->messages();
    const auto first = all.front().offset;
    if (first < upto) return true;
    const auto expected = std::exchange(m.next_record, all.back().offset + 1);
    const auto read_before = std::exchange(m.last_read, now_);
    // Compaction has taken records away before they were read, and so much time has passed that a
    // tombstone may be one of them.
    return first > expected && read_before != time_point{} &&
           now_ - read_before > m.table->changelog->tombstones_kept / 2;
}

/// Once it has been at the end, a copy has read the record of each owner before anything else of
/// that owner. So a stranger's record is one of another log, of the same name.
bool shard_group::is_by_stranger(member& m, const fetch& in, std::size_t i) {
    const auto& record = in.messages()[i];
    if (record.key.view() == owner_key) {
        auto o = changelog_owner::of(record.value);
        const auto& before = m.last_owner.changelog;
        if (m.was_at_end && !before.empty() && o.changelog != before) return true;
        m.owners.push_back(std::move(o.owner));
        if (m.owners.size() > owners_known) m.owners.erase(m.owners.begin());
        return false;
    }
    const auto text = in.header_of(i, stamp_header);
    if (!m.was_at_end || !text || text->is_null() || text->view() == m.last_stamp) return false;
    const auto owner = cut_stamp::of(text->view(), input_names_).owner;
    return std::find(m.owners.begin(), m.owners.end(), owner) == m.owners.end();
}

/// The changelog is read from its start.
void shard_group::give_up_copy(member& m) {
    if (m.was_warm) return give_up_warm(m);
    lines_.push_back("table '" + m.table->name + "'[" + std::to_string(partition_) +
                     "] is read from the start of its changelog again: that is another one, or has "
                     "lost something that was not read yet");
    begin_anew(m);
}

}  // namespace weir::detail
