// SPDX-License-Identifier: Apache-2.0
// The sticky assignor: partitions stay where they are; free ones are given out; members with too
// many give some up. And ranges, for topics that are read together.
#include "spread.hpp"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <unordered_map>

namespace weir::transport::memory {
namespace {

/// How many partitions of one topic each subscriber has. Made for one topic of one round. `loads`
/// (how many partitions each member has in all topics) lives longer.
class scales {
public:
    scales(std::vector<int> subscribers, std::vector<int>& loads)
        : subscribers_(std::move(subscribers)), counts_(loads.size(), 0), loads_(loads) {}

    bool subscribes(int m) const {
        return m >= 0 &&
               std::find(subscribers_.begin(), subscribers_.end(), m) != subscribers_.end();
    }
    void give(int m) {
        ++counts_[index(m)];
        ++loads_[index(m)];
    }
    void take(int m) {
        --counts_[index(m)];
        --loads_[index(m)];
    }
    int lightest() const {
        return *std::min_element(subscribers_.begin(), subscribers_.end(),
                                 [this](int a, int b) { return weight(a) < weight(b); });
    }
    int heaviest() const {
        return *std::max_element(subscribers_.begin(), subscribers_.end(),
                                 [this](int a, int b) { return weight(a) < weight(b); });
    }
    bool uneven(int from, int to) const {
        const int more = counts_[index(from)] - counts_[index(to)];
        return more > 1 || (more == 1 && loads_[index(from)] - loads_[index(to)] > 1);
    }

private:
    static std::size_t index(int m) { return static_cast<std::size_t>(m); }
    std::tuple<int, int, int> weight(int m) const {
        return {counts_[index(m)], loads_[index(m)], m};
    }

    std::vector<int> subscribers_;
    std::vector<int> counts_;
    std::vector<int>& loads_;
};

using topic_run = std::span<share>;

std::vector<topic_run> by_topic(std::span<share> all) {
    std::vector<topic_run> runs;
    for (std::size_t i = 0; i < all.size();) {
        auto end = i;
        while (end < all.size() && all[end].topic == all[i].topic) ++end;
        runs.push_back(all.subspan(i, end - i));
        i = end;
    }
    return runs;
}

/// Moves partitions from the member with most to the one with least, as long as that helps. True if
/// any moved.
bool level(topic_run run, scales& on) {
    bool moved = false;
    for (;;) {
        const int from = on.heaviest(), to = on.lightest();
        if (!on.uneven(from, to)) return moved;
        // The highest partition moves, so a member keeps the low numbers that it began with.
        const auto p = std::find_if(run.rbegin(), run.rend(),
                                    [from](const share& s) { return s.owner == from; });
        assert(p != run.rend());
        p->owner = to;
        on.take(from);
        on.give(to);
        moved = true;
    }
}

/// The first subscribers get one more where the number of partitions is no multiple of theirs.
void divide(topic_run run, const std::vector<int>& subscribers) {
    const auto least = run.size() / subscribers.size(), more = run.size() % subscribers.size();
    auto next = run.begin();
    for (std::size_t n = 0; n < subscribers.size(); ++n)
        for (auto count = least + (n < more ? 1 : 0); count > 0; --count)
            next++->owner = subscribers[n];
}

}  // namespace

void spread(std::span<share> partitions, const std::vector<std::vector<topic_id>>& subscribed) {
    std::unordered_map<topic_id, std::vector<int>> subscribers;
    for (std::size_t m = 0; m < subscribed.size(); ++m)
        for (auto t : subscribed[m]) subscribers[t].push_back(static_cast<int>(m));

    std::vector<int> loads(subscribed.size(), 0);
    std::vector<std::pair<topic_run, scales>> topics;
    for (auto run : by_topic(partitions)) {
        if (const auto& all = subscribers[run.front().topic];
            run.front().co_partitioned && !all.empty()) {
            divide(run, all);
            continue;
        }
        scales on{subscribers[run.front().topic], loads};
        for (auto& s : run) {
            if (on.subscribes(s.owner)) on.give(s.owner);
            else s.owner = share::nobody;
        }
        if (!subscribers[run.front().topic].empty()) topics.emplace_back(run, std::move(on));
    }
    for (auto& [run, on] : topics)
        for (auto& s : run)
            if (s.owner == share::nobody) on.give(s.owner = on.lightest());
    // This ends: each move lowers the sum of squares of a topic's counts, or keeps it and lowers
    // the sum of squares of the loads.
    for (bool moved = true; moved;) {
        moved = false;
        for (auto& [run, on] : topics) moved |= level(run, on);
    }
}

}  // namespace weir::transport::memory
