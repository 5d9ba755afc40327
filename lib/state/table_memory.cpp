// SPDX-License-Identifier: Apache-2.0
#include "table_memory.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include "disk_store.hpp"

namespace weir::detail {
namespace {

// What a message is taken to add. Near the limit less is read at once, so that a batch of new keys
// passes it by little.
constexpr std::size_t bytes_per_message = 256;
constexpr std::size_t rows_least = 1000;
constexpr auto no_limit = std::numeric_limits<std::size_t>::max();

/// 1610612736 as "1.5 GiB".
std::string text_of(std::size_t bytes) {
    if (bytes < 1024) return std::to_string(bytes) + " bytes";
    const char* unit = "";
    auto whole = static_cast<double>(bytes);
    for (const char* u : {"KiB", "MiB", "GiB"}) {
        if (whole < 1024) break;
        whole /= 1024;
        unit = u;
    }
    const auto tenths = static_cast<std::size_t>(whole * 10);
    auto text = std::to_string(tenths / 10);
    if (tenths % 10 != 0) text += '.' + std::to_string(tenths % 10);
    return text + ' ' + unit;
}

}  // namespace

void table_memory::use(table_info& t) {
    t.memory_room = no_limit;
    t.memory_used = 0;
    t.full.clear();
    tables_.push_back(&t);
    any_ |= t.memory_max > 0;
}

void table_memory::begin() {
    all_used_ = 0;
    for (auto* t : tables_) {
        t->unwritten = 0;
        t->memory_used = t->on_disk ? disk_stores::part_of(t->memory_max) : 0;
        all_used_ += t->memory_used;
    }
}

void table_memory::add(table_info& t, const shard& s) {
    const auto bytes = s.bytes();
    t.memory_used += bytes;
    all_used_ += bytes;
    t.unwritten += s.unwritten();
}

/// Of each shard as much as its part of all of them is, so that there is room for a while.
void table_memory::leave(table_info& t, shard& s) {
    const auto disks = disk_stores::part_of(t.memory_max), most = t.memory_max - disks;
    const auto rows = t.memory_used - std::min(disks, t.memory_used), wanted = most - most / 8;
    if (rows <= wanted) return;
    const auto before = s.bytes();
    const auto share = static_cast<double>(wanted) / static_cast<double>(rows);
    s.leave_memory(static_cast<std::size_t>(static_cast<double>(before) * share));
    const auto gone = before - s.bytes();
    t.memory_used -= gone;
    all_used_ -= gone;
}

bool table_memory::is_any_over() const {
    const auto is_full = [&](auto* t) { return !t->on_disk && is_over(*t); };
    return all_are_over() || std::any_of(tables_.begin(), tables_.end(), is_full);
}

void table_memory::tell(warm_shards& warm) {
    make_room(warm);
    for (auto* t : tables_) tell(*t);
}

void table_memory::make_room(warm_shards& warm) {
    const auto drop = [&](const table_info* of) {
        const auto gone = warm.drop_oldest(of);
        if (!gone) return false;
        gone->of->memory_used -= gone->bytes;
        all_used_ -= gone->bytes;
        return true;
    };
    for (auto* t : tables_)
        while (is_over(*t) && drop(t)) {}
    while (all_are_over() && drop(nullptr)) {}
}

void table_memory::tell(table_info& t) const {
    auto left = no_limit;
    if (t.memory_max > 0) left = t.memory_max - std::min(t.memory_used, t.memory_max);
    if (all_max_ > 0) left = std::min(left, all_max_ - std::min(all_used_, all_max_));
    const bool is_full = left == 0;
    t.memory_room = is_full ? 0 : left / bytes_per_message + 1;
    // However little memory there is, a cut has so many rows.
    if (t.on_disk)
        t.memory_room = std::max(t.memory_room, rows_least - std::min(t.unwritten, rows_least));
    if (t.memory_room > 0) return t.full.clear();
    if (is_over(t))
        t.full = "table '" + t.name + "' takes " + text_of(t.memory_used) +
                 " in memory, and its limit is " + text_of(t.memory_max) +
                 ": no more is read; raise table_options::memory, or erase keys";
    else
        t.full = "the tables take " + text_of(all_used_) +
                 " in memory together, and their limit is " + text_of(all_max_) +
                 ": no more is read; raise app_options::tables_memory, or erase keys";
}

}  // namespace weir::detail
