// SPDX-License-Identifier: Apache-2.0
// How a partition moves from one member to the next, one stage at a time.
#include <algorithm>
#include <cassert>
#include <set>

#include "group.hpp"
#include "spread.hpp"

namespace weir::transport::memory {

void group::rebalance() {
    std::vector<slot*> slots;
    std::vector<share> shares;
    std::set<topic_id> co_partitioned;
    std::vector<std::vector<topic_id>> subscribed;
    for (const auto* s : members_) {
        auto& topics = subscribed.emplace_back();
        for (const auto& t : s->subscribed) {
            topics.push_back(t.id);
            if (t.co_partitioned) co_partitioned.insert(t.id);
        }
    }
    for (auto& [id, i] : interests_) {
        const auto& t = core_.at(id);
        if (!i.subscribed) continue;
        if (i.slots.size() < t.logs.size()) i.slots.resize(t.logs.size());
        for (std::size_t n = 0; n < t.logs.size(); ++n) {
            // The next owner, not the present one: a partition that is moving goes on to where it
            // moves.
            const auto m = std::find(members_.begin(), members_.end(), i.slots[n].target);
            shares.push_back(
                {id, m == members_.end() ? share::nobody : static_cast<int>(m - members_.begin()),
                 co_partitioned.contains(id)});
            slots.push_back(&i.slots[n]);
        }
    }
    spread(shares, subscribed);
    for (std::size_t n = 0; n < slots.size(); ++n) {
        const auto m = shares[n].owner;
        slots[n]->target = m == share::nobody ? nullptr : members_[static_cast<std::size_t>(m)];
    }
    for (auto* p : slots) advance(*p);
    tell_watchers();
}

void group::advance(slot& p) {
    auto* const to = p.withheld ? nullptr : p.target;
    switch (p.now) {
        case stage::promised:
        case stage::given_up:
            if (p.owner == to) break;
            end(p);
            [[fallthrough]];
        case stage::nobody:
            if (!to) break;
            p.owner = to;
            p.now = stage::promised;
            core_.wake(*to);
            break;
        case stage::held:
            if (p.owner == to) break;
            p.now = stage::asked;
            core_.wake(*p.owner);
            break;
        case stage::asked:
            if (p.owner == to) p.now = stage::held;  // nothing has been reported yet
            break;
        case stage::leaving: break;  // it waits for the release
    }
    assert((p.owner == nullptr) == (p.now == stage::nobody));
    assert((p.reading != nullptr) == told(p.now));
}

void group::open(slot& p, topic& t, partition_id number) {
    const auto& subscribed = p.owner->subscribed;
    const auto how = std::find_if(subscribed.begin(), subscribed.end(),
                                  [&](const auto& s) { return s.id == t.id; });
    assert(how != subscribed.end());
    auto& from = t.logs[static_cast<std::size_t>(number)];
    const bool at_end = how->from == reset::latest && number < interests_[t.id].known;
    if (!p.committed) p.start = at_end ? from.messages.end() : 0;
    p.reading = std::make_shared<reader>(reader{p.owner, &from});
    p.reading->at = {p.committed.value_or(p.start), p.committed.has_value()};
    from.readers.push_back(p.reading.get());
}

void group::close(slot& p) {
    if (!p.reading) return;
    core::close(*p.reading);
    p.reading.reset();
}

void group::end(slot& p) {
    close(p);
    p.owner = nullptr;
    p.now = stage::nobody;
}

void group::hear_lost(slot& p, const topic_partition& tp) {
    if (!told(p.now)) return;
    p.owner->lost.push_back(tp);
    core_.wake(*p.owner);
}

}  // namespace weir::transport::memory
