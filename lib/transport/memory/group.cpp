// SPDX-License-Identifier: Apache-2.0
// How members join, leave and commit; and the failures that a test asks for.
#include "group.hpp"

#include <algorithm>

#include <weir/error.hpp>
#include <weir/transport/topic_name.hpp>

namespace weir::transport::memory {
namespace {

constexpr std::size_t history_max = 10'000;

std::string text(const topic_partition& p) {
    return "\"" + p.topic + "\"[" + std::to_string(p.partition) + "]";
}

/// In the order of joining, also as text.
std::string member_id(std::size_t number) {
    constexpr std::size_t digits = 9;
    const auto text = std::to_string(number);
    return "member-" + std::string(digits - std::min(digits, text.size()), '0') + text;
}

}  // namespace

// ----------------------------------------------------------------------------------------- members

void group::subscribe(seat& s, std::span<const subscription> to) {
    std::vector<seat::subscribed_topic> subscribed;
    for (const auto& [name, from, co_partitioned] : to) {
        if (is_pattern(name)) continue;  // `grown` reports new topics
        auto& t = core_.open(name);      // throws for a bad name before anything has changed
        std::erase_if(subscribed, [&](const auto& other) { return other.id == t.id; });
        subscribed.push_back({t.id, from, co_partitioned});
    }
    for (const auto& [id, from, co_partitioned] : subscribed) {
        auto& t = core_.at(id);
        auto& i = interests_[id];
        if (i.subscribed) continue;
        i.subscribed = true;
        i.known = t.partitions();
        t.groups.push_back(this);
    }
    if (!s.in) {
        members_.push_back(&s);
        s.id = member_id(++joined_);
    }
    s.in = this;
    s.subscribed = std::move(subscribed);
    for (auto& [id, i] : interests_)
        for (auto& p : i.slots)
            if (p.owner == &s && p.now == stage::given_up) end(p);
    rebalance();
}

void group::release(seat& s, std::span<const topic_partition> tps) {
    for (const auto& tp : tps) {
        auto* p = owned(s, tp);
        if (!p) continue;
        const bool was_asked = p->now != stage::held;
        close(*p);
        if (was_asked) end(*p);
        else p->now = stage::given_up;
        advance(*p);
    }
    tell_watchers();
}

void group::leave(seat& s, bool tell) {
    for (auto& [id, i] : interests_) {
        for (std::size_t n = 0; n < i.slots.size(); ++n) {
            auto& p = i.slots[n];
            if (p.owner != &s) continue;
            if (tell) hear_lost(p, {core_.at(id).name, static_cast<partition_id>(n)});
            end(p);
        }
    }
    std::erase(members_, &s);
    s.in = nullptr;
    s.subscribed.clear();
    rebalance();
}

void group::take(seat& s, notices& into) {
    for (auto& [id, i] : interests_) {
        auto& t = core_.at(id);
        for (std::size_t n = 0; n < i.slots.size(); ++n) {
            auto& p = i.slots[n];
            const auto number = static_cast<partition_id>(n);
            if (p.owner != &s) continue;
            if (p.now == stage::asked) {
                p.now = stage::leaving;
                p.reading->readable = false;
                into.revoked.push_back({t.name, number});
            } else if (p.now == stage::promised) {
                p.now = stage::held;
                open(p, t, number);
                into.assigned.push_back({{t.name, number}, p.committed, p.reading});
            }
        }
    }
    if (!into.assigned.empty()) tell_watchers();
}

std::optional<std::vector<group_member>> group::members(const seat& asked_by) const {
    std::vector<group_member> all;
    for (const auto* m : members_) all.push_back({m->id, m == &asked_by});
    for (const auto& [id, i] : interests_) {
        if (!i.subscribed) continue;
        for (std::size_t n = 0; n < i.slots.size(); ++n) {
            const auto& p = i.slots[n];
            auto* const to = p.withheld ? nullptr : p.target;
            if (p.owner != to || (to && p.now != stage::held && p.now != stage::given_up))
                return {};
            const auto m = std::find(members_.begin(), members_.end(), p.owner);
            if (m == members_.end()) continue;
            all[static_cast<std::size_t>(m - members_.begin())].partitions.push_back(
                {core_.at(id).name, static_cast<partition_id>(n)});
        }
    }
    return all;
}

void group::tell_watchers() {
    for (auto* m : members_) {
        if (!m->watches_members) continue;
        m->members_changed = true;
        core_.wake(*m);
    }
}

// ----------------------------------------------------------------------------------------- commits

commit_result group::commit(seat& s, std::span<const position> positions) {
    commit_result result{{positions.begin(), positions.end()}};
    if (failing_) {
        --failing_;
        result.error = failing_with_;
        result.text = "the broker was told to fail this commit of group \"" + name_ + "\"";
        return result;
    }
    for (const auto& [tp, offset] : positions) {
        if (owned(s, tp)) continue;
        result.error = commit_error::generation;
        result.text = "group \"" + name_ + "\": " + text(tp) + " is not this member's";
        return result;
    }
    for (const auto& [tp, offset] : positions) {
        auto& p = *owned(s, tp);
        p.committed = offset;
        if (p.history.size() == history_max) p.history.erase(p.history.begin());
        p.history.push_back(offset);
    }
    core_.room_again();
    return result;
}

offset group::floor(topic_id id, partition_id partition) const {
    const auto* p = find(id, partition);
    return p ? p->committed.value_or(p->start) : 0;
}

// ------------------------------------------------------------------------------------ the broker's

void group::grown(topic& t) {
    for (auto* s : members_) {
        s->topics_changed = true;
        core_.wake(*s);
    }
    if (interests_.contains(t.id)) rebalance();
}

void group::revoke(const topic_partition& tp) {
    auto& p = existing(tp);
    p.withheld = true;
    advance(p);
}

void group::lose(const topic_partition& tp) {
    auto& p = existing(tp);
    p.withheld = true;
    if (p.owner) {
        hear_lost(p, tp);
        end(p);
    }
    tell_watchers();
}

void group::assign(const topic_partition& tp) {
    auto& p = existing(tp);
    p.withheld = false;
    advance(p);
}

// -------------------------------------------------------------------------------------- partitions

slot& group::at(topic_id id, partition_id partition) {
    auto& slots = interests_[id].slots;
    const auto n = static_cast<std::size_t>(partition);
    if (slots.size() <= n) slots.resize(n + 1);
    return slots[n];
}

const slot* group::find(topic_id id, partition_id partition) const {
    const auto it = interests_.find(id);
    if (it == interests_.end() || partition < 0) return nullptr;
    const auto n = static_cast<std::size_t>(partition);
    return n < it->second.slots.size() ? &it->second.slots[n] : nullptr;
}

slot& group::existing(const topic_partition& tp) {
    const auto* t = core_.find(tp.topic);
    const auto i = t ? interests_.find(t->id) : interests_.end();
    if (i == interests_.end() || !i->second.subscribed || !t->has(tp.partition))
        throw setup_error{"group \"" + name_ + "\" has no partition " + text(tp)};
    return at(t->id, tp.partition);
}

slot* group::owned(const seat& s, const topic_partition& tp) {
    const auto* t = core_.find(tp.topic);
    if (!t || !find(t->id, tp.partition)) return nullptr;
    auto& p = at(t->id, tp.partition);
    return p.owner == &s && told(p.now) ? &p : nullptr;
}

}  // namespace weir::transport::memory
