// SPDX-License-Identifier: Apache-2.0
#include "global_tables.hpp"

#include <algorithm>

#include <weir/error.hpp>
#include <weir/graph/topic_info.hpp>

namespace weir::detail {
namespace {

// How many records of a partition are read in one turn, so that others have theirs; and at once, as
// in shard_group.cpp.
constexpr std::size_t piece = 4096, at_once = 64;
const cut no_cut;  // nothing of the app's changes the table

void apply(shard& rows, const message& record) {
    if (record.value.is_null()) rows.restore_erased(record, no_cut, true);
    else rows.restore_row(record, no_cut);
}

}  // namespace

void global_tables::use(table_info& t, bool skips_undecodable) {
    auto& made = all_.emplace_back(table{&t, t.make(0), skips_undecodable});
    for (partition_id p = 0; p < t.changelog->partitions; ++p)
        made.parts.push_back({p, transport_.reader({t.changelog->name, p}, 0)});
    made.restoring = made.parts.size();
    restoring_ += made.restoring;
}

void global_tables::clear() {
    for (auto& t : all_) t.info->bodies = nullptr;
    all_.clear();
}

bool global_tables::read() {
    bool busy = false;
    for (auto& t : all_)
        for (auto& p : t.parts) busy |= read(t, p);
    return busy;
}

bool global_tables::read(table& t, part& p) {
    const auto& name = t.info->name;
    if (const auto end = p.reader->end(); !p.from && end) {
        p.from = std::min(p.reader->position().value_or(0), *end);
        news_.push_back({name, p.number, *p.from, *end, false});
    }
    bool busy = false;
    for (std::size_t n = 0; n < piece && read_some(t, p); n += at_once) busy = true;
    const auto end = p.reader->end(), at = p.reader->position();
    if (p.restored || !end || !at || *at < *end) return busy;
    p.restored = true;
    --restoring_;
    news_.push_back({name, p.number, 0, 0, true});
    if (--t.restoring == 0) t.info->set(0, t.rows);
    return true;
}

bool global_tables::read_some(table& t, part& p) {
    p.fetched = p.reader->read(at_once, std::move(p.fetched));
    if (!p.fetched) return false;
    const auto all = p.fetched->messages();
    constexpr std::size_t ahead = 8;
    for (std::size_t i = 0; i < std::min(ahead, all.size()); ++i) t.rows->prefetch(all[i].key);
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (i + ahead < all.size()) t.rows->prefetch(all[i + ahead].key);
        try {
            apply(*t.rows, all[i]);
        } catch (const std::exception& e) { refuse(t, p, all[i].offset, e); }
    }
    t.rows->restored();  // forgets what was erased
    return true;
}

void global_tables::refuse(const table& t, const part& p, offset at, const std::exception& why) {
    const auto text = "global table '" + t.info->name + "': " + t.info->changelog->name + '[' +
                      std::to_string(p.number) + "] at " + std::to_string(at) +
                      " does not decode: " + why.what();
    if (!t.skips_undecodable) throw error{"weir: " + text};
    lines_.push_back(text + "; it is passed over");
}

std::string global_tables::why_not_restored() const {
    for (auto& t : all_) {
        if (t.restoring == 0) continue;
        const auto n = to_restore(t);
        return "global table '" + t.info->name +
               "' is restored from its topic: " + grouped(n.read) + " of " + grouped(n.all) +
               " records";
    }
    return {};
}

std::size_t global_tables::keys() const {
    std::size_t n = 0;
    for (auto& t : all_) n += t.rows->size();
    return n;
}

shard_group::records global_tables::to_restore(const table& t) {
    shard_group::records sum;
    for (auto& p : t.parts) {
        if (p.restored) continue;
        const auto from = p.from.value_or(0);
        const auto at = p.reader->position().value_or(from), end = p.reader->end().value_or(at);
        sum.read += at - from;
        sum.all += std::max(at, end) - from;
    }
    return sum;
}
shard_group::records global_tables::to_restore() const {
    shard_group::records sum;
    for (auto& t : all_) {
        const auto n = to_restore(t);
        sum.read += n.read;
        sum.all += n.all;
    }
    return sum;
}

}  // namespace weir::detail
