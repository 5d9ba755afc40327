// SPDX-License-Identifier: Apache-2.0
#include "tables.hpp"

#include <algorithm>
#include <limits>

#include <weir/graph/topic_info.hpp>

namespace weir::detail {
namespace {

// How many records are restored in one turn while other partitions are read.
constexpr std::size_t piece_beside_others = 4096;

}  // namespace

const topic_info* tables::input_named(const std::string& topic) const {
    for (auto& t : all_)
        for (auto* i : t.table->inputs)
            if (i->name == topic) return i;
    return nullptr;
}

/// Keys would move to partitions whose shards do not have what they had.
std::string tables::why_refused(const topic_partition& tp) const {
    const auto* input = input_named(tp.topic);
    for (auto& t : all_) {
        const auto& table = *t.table;
        const auto& in = table.inputs;
        const auto width = table.changelog->partitions;
        const bool may_grow = table.is_topic && in.size() == 1;
        if (may_grow || tp.partition < width) continue;
        if (std::find(in.begin(), in.end(), input) == in.end()) continue;
        const auto got = "topic '" + tp.topic + "' has got partition " +
                         std::to_string(tp.partition) + " while the app runs, and ";
        if (table.is_topic)
            return got + "topic '" + table.name + "', a table that it is used with, had " +
                   std::to_string(width) + ": give both topics as many, and start the app again";
        return got + "the changelog '" + table.changelog->name + "' of table '" + table.name +
               "' has " + std::to_string(width) +
               ": a table's number of partitions does not change; give the table another name to "
               "begin anew";
    }
    return {};
}

void tables::use(table_target t) {
    if (!on_disk_.any()) on_disk_ = snapshots{state_dir_, app_};
    if (t.table->on_disk) use_disk(*t.table);
    all_.push_back(t);
    memory_.use(*t.table);
}

void tables::use_disk(table_info& t) const {
    const auto what = "weir: table '" + t.name + "' has .store = weir::rocksdb, and ";
    t.disk = disk_stores::make(t.memory_max);
    if (!t.disk)
        throw setup_error{what + "this weir is built without RocksDB: install it (librocksdb-dev) "
                                 "and build weir with -Drocksdb=enabled"};
    if (!on_disk_.any())
        throw setup_error{what + "app_options::state_dir is empty: say in which directory it is"};
}

std::shared_ptr<table_input> tables::assigned(const topic_partition& tp, offset from,
                                              timestamp now) {
    const auto* input = input_named(tp.topic);
    if (!input) return {};
    const group_key key{tables_of(*input).front().table->inputs.front(), tp.partition};
    auto& group = groups_[key];
    // One that waits for inputs that leave is over if the others come back.
    if (group && group->had(*input)) group.reset();
    if (!group && (group = copies_.take(key))) group->promote(warm_, on_disk_, now);
    if (!group) group = make_group(key, now, false);
    return group->assigned(*input, from);
}

std::vector<table_target> tables::tables_of(const topic_info& input) const {
    std::vector<table_target> its;
    for (auto& t : all_)
        if (const auto& in = t.table->inputs; std::find(in.begin(), in.end(), &input) != in.end())
            its.push_back(t);
    return its;
}

std::unique_ptr<shard_group> tables::make_group(const group_key& k, timestamp now, bool is_copy) {
    return std::make_unique<shard_group>(tables_of(*k.first_input), k.partition, app_, transport_,
                                         releases_, warm_, on_disk_, now, is_copy);
}

// ------------------------------------------------------------------------------------------ copies
/// A partition is read when all its tables are restored, so all of them are copied, or none.
int tables::standby_of(const topic_info& input) const {
    int most = 0;
    for (auto& t : tables_of(input)) most = std::max(most, t.table->standby);
    return most;
}

bool tables::want_copies() const {
    return std::any_of(all_.begin(), all_.end(), [](auto& t) { return t.table->standby > 0; });
}

void tables::choose_copies(const std::vector<transport::group_member>& members, timestamp now) {
    std::set<group_key> wanted;
    for (auto& t : all_) {
        const auto& first = *t.table->inputs.front();
        const auto n = standby_of(first);
        if (n == 0) continue;
        const copy_keepers keepers{members, first.name, t.table->changelog->partitions};
        for (partition_id p = 0; p < t.table->changelog->partitions; ++p) {
            const group_key key{&first, p};
            if (!groups_.contains(key) && !copies_.is_refused(key) && keepers.is_self_one(p, n))
                wanted.insert(key);
        }
    }
    copies_.keep_only(wanted);
    for (auto& key : wanted) {
        if (copies_.has(key)) continue;
        try {
            copies_.keep(key, make_group(key, now, true));
        } catch (const std::exception& e) {  // something else reads the changelog
            copies_.refuse(key, e);
        }
    }
}

std::string tables::copy_of(const topic_partition& tp) const {
    const auto* input = input_named(tp.topic);
    if (!input) return {};
    const group_key key{tables_of(*input).front().table->inputs.front(), tp.partition};
    const auto d = copies_.behind(key, now_);
    if (!d) return {};
    if (d->records == 0) return "a copy of its tables is kept here, and is up to date";
    return "a copy of its tables is kept here, " + grouped(d->records) +
           (d->records == 1 ? " record" : " records") + " behind, for " +
           text_of(std::chrono::floor<std::chrono::milliseconds>(d->time));
}

std::vector<topic_partition> tables::gone(const table_input& input, bool lost, time_point now) {
    const auto g = std::find_if(groups_.begin(), groups_.end(),
                                [&](auto& one) { return one.second->has(input); });
    if (g == groups_.end() || g->second->stays_without(input, lost)) return {};
    auto staying = g->second->staying();
    if (!lost) g->second->keep_warm(warm_, now);
    if (standby_of(*g->first.first_input) > 0 && g->second->can_follow()) {
        g->second->demote();
        copies_.keep(g->first, std::move(g->second));
    }
    groups_.erase(g);
    return staying;
}

const shard_group* tables::group_with(const table_input& input) const {
    const auto g = std::find_if(groups_.begin(), groups_.end(),
                                [&](auto& one) { return one.second->has(input); });
    return g == groups_.end() ? nullptr : g->second.get();
}

void tables::clear() {
    groups_.clear();
    copies_.clear();
    warm_.clear();
    global_.clear();
    for (auto& t : all_) {
        t.table->bodies = nullptr;
        t.table->listener = nullptr;
    }
}

bool tables::write_snapshots(timestamp now) {
    return std::any_of(groups_.begin(), groups_.end(),
                       [&](auto& g) { return g.second->write_snapshots(on_disk_, now); });
}

void tables::leave_readable() {
    for (auto& [key, g] : groups_) g->leave_readable();
    for (auto& t : all_) {
        const auto kept = copies_.of(*t.table);
        t.table->copies = kept.shards;
        t.table->copies_behind = kept.behind;
    }
}

/// By turns. Partitions that are read already keep their latency.
bool tables::restore() {
    check_disks();
    const auto is_running = [](auto& g) { return !g.second->restoring(); };
    auto left = std::any_of(groups_.begin(), groups_.end(), is_running)
                    ? piece_beside_others
                    : std::numeric_limits<std::size_t>::max();
    bool busy = false;
    auto next = groups_.upper_bound(restored_last_);
    for (auto n = groups_.size(); n > 0 && left > 0; --n, ++next) {
        if (next == groups_.end()) next = groups_.begin();
        if (!next->second->restoring()) continue;
        busy |= next->second->restore(left);
        restored_last_ = next->first;
    }
    // Who is restored is waited for, and a copy is not.
    return busy || copies_.follow(piece_beside_others, now_, wall_);
}
time_point tables::due() const {
    auto at = warm_.due();
    for (auto& [key, g] : groups_) at = std::min(at, g->due());
    return at;
}
void tables::begin_cuts() {
    for (auto& [key, g] : groups_) begun_ |= g->begin_cut();
}
void tables::check_disks() const {
    for (auto& [key, g] : groups_) g->check_disks();
}
bool tables::write() {
    check_disks();
    bool busy = false;
    for (auto& [key, g] : groups_) busy |= g->write();
    return busy;
}
bool tables::idle() const {
    return std::all_of(groups_.begin(), groups_.end(), [](auto& g) { return g.second->idle(); });
}
bool tables::take_written() {
    bool any = false;
    for (auto& [key, g] : groups_) any |= g->take_written();
    return any;
}

const shard_group* tables::group_of(const topic_partition& tp) const {
    const auto* input = input_named(tp.topic);
    for (auto& [key, g] : groups_) {
        const auto& in = g->inputs();
        if (key.partition == tp.partition && std::find(in.begin(), in.end(), input) != in.end())
            return g.get();
    }
    return nullptr;
}
std::string tables::why_not_ready(const topic_partition& tp) const {
    if (!globals_restored()) return global_.why_not_restored();
    const auto* g = group_of(tp);
    const auto why = g ? g->why_not_ready() : std::string{};
    const auto full = g && g->restoring() ? g->why_full() : std::string{};
    return why + (full.empty() ? "" : "; ") + full;
}
std::string tables::why_full(const topic_partition& tp) const {
    const auto* g = group_of(tp);
    return g ? g->why_full() : std::string{};
}
void tables::measure() {
    memory_.begin();
    const auto add = [&](table_info& t, const shard& s) { memory_.add(t, s); };
    for (auto& [key, g] : groups_) g->each(add);
    warm_.each(add);
    global_.each(add);
    copies_.each(add);
    if (copies_.any() && memory_.is_any_over()) {  // they go first
        copies_.give_up("the tables have reached their limit of memory");
        return measure();
    }
    const auto leave = [&](table_info& t, shard& s) {
        if (t.on_disk) memory_.leave(t, s);
    };
    for (auto& [key, g] : groups_) g->each(leave);
    warm_.each(leave);
    memory_.tell(warm_);
}
std::string tables::why_not_ready() const {
    if (!globals_restored()) return global_.why_not_restored();
    for (auto& [key, g] : groups_)
        if (g->restoring())
            return key.first_input->name + '[' + std::to_string(key.partition) +
                   "] is not read yet: " + g->why_not_ready();
    return {};
}
std::string tables::being_written(const topic_partition& tp) const {
    const auto* g = group_of(tp);
    return g ? g->being_written() : std::string{};
}
std::string tables::why_open(const topic_partition& tp) const {
    const auto* g = group_of(tp);
    return g ? g->why_open() : std::string{};
}
std::size_t tables::keys() const {
    std::size_t n = global_.keys();
    for (auto& [key, g] : groups_) n += g->keys();
    return n;
}
bool tables::any_restoring() const {
    return !globals_restored() || std::any_of(groups_.begin(), groups_.end(),
                                              [](auto& g) { return g.second->restoring(); });
}
std::size_t tables::restoring_count() const {
    std::size_t n = global_.restoring_count();
    for (auto& [key, g] : groups_) n += g->restoring_count();
    return n;
}
std::string tables::progress() const {
    auto sum = global_.to_restore();
    for (auto& [key, g] : groups_) {
        const auto n = g->to_restore();
        sum.read += n.read;
        sum.all += n.all;
    }
    if (sum.read == sum.all) return {};
    const auto shards = restoring_count();
    return "restoring " + std::to_string(shards) + (shards == 1 ? " shard: " : " shards: ") +
           grouped(sum.read) + " of " + grouped(sum.all) + " records";
}
std::vector<std::string> tables::take_lines() {
    auto all = global_.take_lines();
    for (auto& l : copies_.take_lines()) all.push_back(std::move(l));
    for (auto& [key, g] : groups_)
        for (auto& l : g->take_lines()) all.push_back(std::move(l));
    return all;
}
std::vector<shard_group::news> tables::take_news() {
    auto all = global_.take_news();
    for (auto& [key, g] : groups_)
        for (auto& n : g->take_news()) all.push_back(std::move(n));
    return all;
}

}  // namespace weir::detail
