// SPDX-License-Identifier: Apache-2.0
#include "standby.hpp"

#include <algorithm>
#include <cstdint>
#include <exception>
#include <string_view>
#include <tuple>
#include <utility>

#include <weir/graph/topic_info.hpp>

namespace weir::detail {
namespace {

using transport::group_member;

/// The same in every process and version, unlike std::hash.
std::uint64_t order_of(const std::string& member, const topic_partition& tp) {
    std::uint64_t h = 0xcbf29ce484222325u;  // FNV-1a
    for (const char c : member + '\n' + tp.topic + '\n' + std::to_string(tp.partition))
        h = (h ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
    h ^= h >> 33;  // its last bytes change the upper bits little
    h *= 0xff51afd7ed558ccdu;
    return h ^ (h >> 33);
}

}  // namespace

copy_keepers::copy_keepers(std::span<const group_member> all, const std::string& topic,
                           partition_id count)
    : topic_(topic), owners_(static_cast<std::size_t>(count)) {
    for (auto& m : all) {
        sorted_.push_back(&m);
        for (auto& tp : m.partitions)
            if (tp.topic == topic && tp.partition >= 0 && tp.partition < count)
                owners_[static_cast<std::size_t>(tp.partition)] = &m;
    }
    std::sort(sorted_.begin(), sorted_.end(), [](auto* a, auto* b) { return a->id < b->id; });
    for (partition_id p = 0; p < count; ++p)
        in_ranges_ &= owners_[static_cast<std::size_t>(p)] == owner_in_ranges(p, nullptr);
}

/// Who would have it without this member. Null: nobody.
const group_member* copy_keepers::owner_in_ranges(partition_id p, const member* gone) const {
    const auto n = static_cast<partition_id>(sorted_.size() - (gone ? 1 : 0));
    if (n <= 0) return nullptr;
    const auto count = static_cast<partition_id>(owners_.size());
    const auto least = count / n, more = count % n;
    const auto of_more = more * (least + 1);  // the first members have one more
    const auto at = p < of_more ? p / (least + 1) : more + (p - of_more) / least;
    auto it = sorted_.begin() + at;
    if (gone && std::find(sorted_.begin(), it + 1, gone) != it + 1) ++it;
    return *it;
}

bool copy_keepers::is_self_one(partition_id p, int n) const {
    const auto* owner = owners_[static_cast<std::size_t>(p)];
    struct candidate {
        const member* who;
        std::uint64_t order;
        std::size_t chances = 0;  // to get it: how many members' leaving gives it to this one
    };
    std::vector<candidate> all;
    for (auto* m : sorted_)
        if (m != owner) all.push_back({m, order_of(m->id, {topic_, p})});
    for (auto* gone : sorted_) {
        if (!in_ranges_) break;
        const auto* next = owner_in_ranges(p, gone);
        for (auto& c : all)
            if (c.who == next) ++c.chances;
    }
    std::sort(all.begin(), all.end(), [](auto& a, auto& b) {
        return std::tie(a.chances, a.order, b.who->id) > std::tie(b.chances, b.order, a.who->id);
    });
    all.resize(std::min(all.size(), static_cast<std::size_t>(n)));
    return std::any_of(all.begin(), all.end(), [](auto& c) { return c.who->is_self; });
}

void standby_copies::keep(const group_key& k, std::unique_ptr<shard_group> g) {
    all_.insert_or_assign(k, copy{std::move(g)});
}

void standby_copies::refuse(const group_key& key, const std::exception& e) {
    std::string_view why{e.what()};
    constexpr std::string_view ours{"weir: "};
    if (why.starts_with(ours)) why.remove_prefix(ours.size());
    lines_.push_back("no copy of the tables of " + key.first_input->name + '[' +
                     std::to_string(key.partition) + "] is kept: " + std::string{why});
    refused_.insert(key);
}

std::unique_ptr<shard_group> standby_copies::take(const group_key& k) {
    const auto it = all_.find(k);
    if (it == all_.end()) return nullptr;
    auto taken = std::move(it->second.group);
    all_.erase(it);
    return taken;
}

void standby_copies::keep_only(const std::set<group_key>& wanted) {
    std::erase_if(all_, [&](auto& one) { return !wanted.contains(one.first); });
}

void standby_copies::give_up(const std::string& why) {
    for (auto& [key, one] : all_) refused_.emplace(key);
    all_.clear();
    lines_.push_back("no copies of tables are kept any more: " + why);
}

void standby_copies::clear() {
    all_.clear();
    refused_.clear();
}

bool standby_copies::follow(std::size_t most, time_point now, timestamp wall) {
    bool busy = false;
    auto next = all_.upper_bound(last_);
    for (auto n = all_.size(); n > 0 && most > 0; --n) {
        if (next == all_.end()) next = all_.begin();
        auto& [key, one] = *next;
        last_ = key;
        if (one.at_end == time_point{}) one.at_end = now;
        try {
            one.group->set_now(now, wall);
            busy |= one.group->follow(most);
            if (one.group->to_restore().read == one.group->to_restore().all) one.at_end = now;
            ++next;
        } catch (const std::exception& e) {
            refuse(key, e);
            next = all_.erase(next);
            busy = true;
        }
    }
    return busy;
}

std::optional<standby_copies::delay> standby_copies::behind(const group_key& k,
                                                            time_point now) const {
    const auto it = all_.find(k);
    if (it == all_.end()) return {};
    const auto n = it->second.group->to_restore();
    const auto at_end = it->second.at_end;
    return delay{n.all - n.read,
                 n.all == n.read || at_end == time_point{} ? duration{} : now - at_end};
}

standby_copies::sum standby_copies::of_all() const {
    sum all;
    for (auto& [key, one] : all_) {
        const auto n = one.group->to_restore();
        all.shards += one.group->copied_count(nullptr);
        all.behind += n.all - n.read;
    }
    return all;
}
standby_copies::sum standby_copies::of(const table_info& t) const {
    sum all;
    for (auto& [key, one] : all_) {
        const auto n = one.group->to_restore(t);
        all.shards += one.group->copied_count(&t);
        all.behind += n.all - n.read;
    }
    return all;
}

std::vector<std::string> standby_copies::take_lines() {
    auto all = std::exchange(lines_, {});
    for (auto& [key, one] : all_)
        for (auto& l : one.group->take_lines()) all.push_back(std::move(l));
    return all;
}

}  // namespace weir::detail
