// SPDX-License-Identifier: Apache-2.0
// What may be committed: the rules as a table, the tracker against a map, its memory, its end.
#include "conductor/offset_tracker.hpp"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <iterator>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>
#include <vector>

#include <doctest/doctest.h>

#include "release_queue.hpp"

namespace {

using weir::hold;
using weir::offset;
using weir::detail::offset_tracker;
using weir::detail::owned_tracker;
using weir::detail::release_queue;

const auto nothing = std::optional<offset>{};

owned_tracker track(const std::shared_ptr<release_queue>& loop,
                    std::optional<offset> committed = {}) {
    return owned_tracker{new offset_tracker{loop, committed}};
}

/// An assignment with messages, each held; `close` lets some go.
struct assignment {
    explicit assignment(const std::vector<offset>& messages, std::optional<offset> committed = {})
        : tracker(track(loop, committed)) {
        tracker->delivered(messages.front(), messages.back());
        for (auto at : messages) open.emplace(at, hold{*tracker, at});
        tracker->passed(tracker->end());
    }
    void close(const std::vector<offset>& messages) {
        for (auto at : messages) open.erase(at);
    }
    std::shared_ptr<release_queue> loop = std::make_shared<release_queue>();
    owned_tracker tracker;
    std::map<offset, hold> open;
};

std::optional<offset> commit_after(const std::vector<offset>& delivered,
                                   const std::vector<offset>& closed,
                                   std::optional<offset> committed = {}) {
    assignment a{delivered, committed};
    a.close(closed);
    return a.tracker->to_commit();
}

}  // namespace

TEST_CASE("With offset 11 unacknowledged and 12-14 acknowledged, the committed offset stays 11") {
    assignment a{{10, 11, 12, 13, 14}};
    a.close({10});
    CHECK(a.tracker->to_commit() == 11);
    a.tracker->committed(11);
    a.close({12, 13, 14});
    CHECK(a.tracker->to_commit() == nothing);
    CHECK(a.tracker->committable() == 11);
    CHECK(a.tracker->oldest_open() == 11);
    CHECK(a.tracker->open() == 1);
}

TEST_CASE("Delivered 1-10, all closed -> 11. Closed 1-8 and 10, 9 open -> 9; then 9 closes -> 11") {
    const std::vector<offset> ten{1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
    CHECK(commit_after(ten, ten) == 11);
    assignment a{ten};
    a.close({1, 2, 3, 4, 5, 6, 7, 8, 10});
    CHECK(a.tracker->to_commit() == 9);
    a.close({9});
    CHECK(a.tracker->to_commit() == 11);
}

TEST_CASE("Nothing committed yet, 0-5 delivered, only 5 closed -> nothing is committed") {
    CHECK(commit_after({0, 1, 2, 3, 4, 5}, {5}) == nothing);
}

TEST_CASE(
    "Committed 31; 31 and 32 delivered, 32 closed -> nothing. Committed 0; 0-7 delivered, 7 closed "
    "-> nothing") {
    CHECK(commit_after({31, 32}, {32}, 31) == nothing);
    CHECK(commit_after({0, 1, 2, 3, 4, 5, 6, 7}, {7}, 0) == nothing);
}

TEST_CASE(
    "Delivered 0, 5, 6, 7 (1-4 never existed), all closed -> 8. First message ever has offset 5, "
    "closed -> 6. "
    "Delivered 5, 8, 9; 5 and 9 closed -> 8") {
    CHECK(commit_after({0, 5, 6, 7}, {0, 5, 6, 7}) == 8);
    CHECK(commit_after({5}, {5}) == 6);
    CHECK(commit_after({5, 8, 9}, {5, 9}) == 8);
}

TEST_CASE("semantics 18: a hole of 2*10^9 offsets costs no memory and no time") {
    assignment a{{0, 2'000'000'000, 4'000'000'000}};
    CHECK(a.tracker->footprint() < 1'000);
    a.close({0});
    CHECK(a.tracker->to_commit() == 2'000'000'000);
    a.close({4'000'000'000});
    CHECK(a.tracker->to_commit() == 2'000'000'000);
    a.close({2'000'000'000});
    CHECK(a.tracker->to_commit() == 4'000'000'001);
}

TEST_CASE("A commit never goes back, is never sent again for the same offset after success") {
    assignment a{{0, 1, 2, 3}};
    a.close({0, 1});
    CHECK(a.tracker->to_commit() == 2);
    CHECK(a.tracker->to_commit() == 2);  // not known to have succeeded
    a.tracker->committed(2);
    CHECK(a.tracker->to_commit() == nothing);
    a.close({2});
    CHECK(a.tracker->to_commit() == 3);
    a.tracker->committed(3);
    a.tracker->committed(2);  // the answer of an older commit
    CHECK(a.tracker->to_commit() == nothing);
    a.close({3});
    CHECK(a.tracker->to_commit() == 4);
}

TEST_CASE("A message or a hold of an older assignment is neither delivered nor acknowledged nor "
          "counted") {
    auto loop = std::make_shared<release_queue>();
    auto old = track(loop);
    old->delivered(0, 9);
    std::vector<hold> held;
    for (offset at = 0; at < 10; ++at) held.push_back(hold{*old, at});
    held.push_back(held.back().share());
    old.reset();  // revoked; its holds are still out

    auto now = track(loop, 0);
    now->delivered(0, 9);
    hold first{*now, 0};
    now->passed(10);
    held.push_back(held.front().share());
    held.clear();
    CHECK(now->open() == 1);
    CHECK(now->to_commit() == nothing);
    first.release();
    CHECK(now->to_commit() == 10);
    CHECK(loop.use_count() == 2);  // the old one went with its last hold
    now.reset();
    CHECK(loop.use_count() == 1);
}

TEST_CASE("nothing is committed before something was delivered") {
    auto loop = std::make_shared<release_queue>();
    CHECK(track(loop)->to_commit() == nothing);
    CHECK(track(loop, 31)->to_commit() == nothing);
    CHECK(track(loop, 31)->oldest_open() == nothing);
}

TEST_CASE(
    "a message that no one holds is committed when every agent has passed it, and costs nothing") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop, 100);
    const auto empty = t->footprint();
    for (offset at = 100; at < 5'000; at += 7) {
        t->delivered(at, at + 6);
        CHECK(t->to_commit() == (at == 100 ? nothing : std::optional{at}));
        t->passed(at + 3);
        CHECK(t->to_commit() == at + 3);
        t->passed(t->end());
    }
    CHECK(t->footprint() == empty);
}

TEST_CASE("a message closes with the last of its holds") {
    assignment a{{0, 1, 2}};
    auto& first = a.open.at(0);
    std::vector<hold> more;
    for (int i = 0; i < 1'000; ++i) more.push_back(first.share());
    a.close({0, 1, 2});
    CHECK(a.tracker->open() == 1);
    CHECK(a.tracker->to_commit() == nothing);
    more.resize(1);
    CHECK(a.tracker->to_commit() == nothing);
    more.clear();
    CHECK(a.tracker->open() == 0);
    CHECK(a.tracker->to_commit() == 3);
}

TEST_CASE("a slower agent holds messages among those a faster one holds") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    t->delivered(0, 4'095);
    std::map<offset, hold> open;
    for (offset at = 3'000; at < 4'096; ++at) open.emplace(at, hold{*t, at});
    for (offset at = 0; at < 4'096; at += 100) {
        t->passed(at);
        if (!open.contains(at)) open.emplace(at, hold{*t, at});
    }
    t->passed(4'096);
    CHECK(t->oldest_open() == 0);
    while (!open.empty()) {
        CHECK(t->oldest_open() == open.begin()->first);
        CHECK(t->open() == open.size());
        open.erase(open.begin());
    }
    CHECK(t->to_commit() == 4'096);
}

TEST_CASE(
    "a slower agent holds a message before all that are held, where others have closed or none "
    "was") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    t->delivered(0, 999);
    hold fast{*t, 300}, faster{*t, 900};
    fast.release();
    for (offset at : {700, 500, 310, 10}) {
        hold slow{*t, at};
        CHECK(t->oldest_open() == at);
        slow.release();
        CHECK(t->oldest_open() == 900);
    }
    faster.release();
    CHECK(t->oldest_open() == nothing);
}

TEST_CASE("an old open message, and half a million behind it that close, cost the memory of one") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    t->delivered(0, 500'000);
    hold old{*t, 0};
    std::deque<hold> window;  // a hundred are open behind it
    std::size_t most = 0;
    for (offset at = 1; at <= 500'000; ++at) {
        window.emplace_back(*t, at);
        if (at % 1'000 == 0) window.push_back(window.back().share());  // some of them twice
        if (window.size() > 100) window.pop_front();
        if (at % 1'024 == 0) most = std::max(most, t->footprint());
    }
    t->passed(500'001);
    CHECK(most < 24'000);
    CHECK(t->oldest_open() == 0);
    window.clear();
    old.release();
    CHECK(t->to_commit() == 500'001);
}

TEST_CASE("a window of open messages that slides over a log costs the memory of the window") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    t->delivered(0, 400'000);
    std::deque<hold> window;
    std::size_t most = 0;
    for (offset at = 0; at <= 400'000; ++at) {
        t->passed(at);
        window.emplace_back(*t, at);
        if (window.size() > 10'000) window.pop_front();
        if (at % 1'024 == 0) most = std::max(most, t->footprint());
    }
    CHECK(most < 20'000);
    CHECK(t->open() == 10'000);
    CHECK(t->to_commit() == 390'001);
}

TEST_CASE("the memory of a million open messages is given back when they are closed") {
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    t->delivered(0, 999'999);
    std::vector<hold> held;
    for (offset at = 0; at < 1'000'000; ++at) held.push_back(hold{*t, at});
    CHECK(t->footprint() < 1'000'000);  // less than a byte each
    held.clear();
    CHECK(t->footprint() < 1'000);
}

namespace {

/// The tracker, and beside it a map of what is held. Two agents read and hold some messages as they
/// pass them, one more often; the place of whichever is behind is what has been passed.
struct against_a_map {
    explicit against_a_map(std::uint32_t seed) : rnd(seed) {
        next = offset(below(1'000));
        if (below(2)) committed = next;
        tracker = track(loop, committed);
        position = baseline = next;
    }
    std::size_t below(std::size_t n) { return rnd() % n; }
    void take(offset at) {
        open.emplace(at, hold{*tracker, at});
        ++held[at];
    }
    void deliver() {
        const bool sparse = below(40) == 0;
        std::vector<offset> messages;
        for (auto n = 1 + below(200); n > 0; --n) {
            messages.push_back(next);
            next += sparse ? 1 + offset(below(1'000)) : below(8) ? 1 : 1 + offset(below(200));
        }
        tracker->delivered(messages.front(), messages.back());
        end = messages.back() + 1;
        fast.insert(fast.end(), messages.begin(), messages.end());
        slow.insert(slow.end(), messages.begin(), messages.end());
    }
    void advance(std::deque<offset>& agent, bool often) {
        for (auto n = std::min(agent.size(), below(50)); n > 0; --n, agent.pop_front())
            if (below(often ? 2 : 5) == 0) take(agent.front());
    }
    void step() {
        switch (below(9)) {
            case 0:
                if (std::max(fast.size(), slow.size()) < 2'000) deliver();
                break;
            case 1:
            case 2: advance(fast, true); break;
            case 3:
            case 4: advance(slow, false); break;
            case 5:
                if (!open.empty()) {
                    const auto i = any();
                    open.emplace(i->first, i->second.share());
                    ++held[i->first];
                }
                break;
            default:
                for (auto n = below(20); n > 0 && !open.empty(); --n) {
                    const auto i = any();
                    const auto at = i->first;
                    open.erase(i);
                    if (--held[at] == 0) held.erase(at);
                }
        }
    }
    std::multimap<offset, hold>::iterator any() {  // mostly an old one
        if (below(3) == 0) {
            const auto i = open.lower_bound(offset(below(std::size_t(next) + 1)));
            if (i != open.end()) return i;
        }
        return std::next(open.begin(),
                         std::ptrdiff_t(below(std::min<std::size_t>(open.size(), 50))));
    }
    bool agrees() {
        if (end == 0) return tracker->to_commit() == nothing;
        position = std::min(fast.empty() ? end : fast.front(), slow.empty() ? end : slow.front());
        tracker->passed(position);
        const auto expected = held.empty() ? position : std::min(position, held.begin()->first);
        const auto known = committed.value_or(baseline);
        const auto due = tracker->to_commit();
        if (due && below(10) == 0) {
            tracker->committed(*due);
            committed = due;
        }
        return tracker->committable() == expected && expected >= last && (last = expected, true) &&
               due == (expected > known ? std::optional{expected} : nothing) &&
               tracker->open() == held.size() &&
               tracker->open_behind() ==
                   std::size_t(std::distance(held.begin(), held.lower_bound(position))) &&
               tracker->oldest_open() ==
                   (held.empty() ? nothing : std::optional{held.begin()->first}) &&
               tracker->end() == end;
    }

    std::mt19937 rnd;
    std::shared_ptr<release_queue> loop = std::make_shared<release_queue>();
    owned_tracker tracker;
    std::multimap<offset, hold> open;
    std::map<offset, int> held;
    std::deque<offset> fast, slow;  // what either has before it; neither is always the one behind
    offset next = 0, end = 0, position = 0, baseline = 0, last = 0;
    std::optional<offset> committed;
};

}  // namespace

TEST_CASE("the tracker agrees with a map in 200,000 random steps") {
    std::size_t most = 0, wrong = 0;
    for (std::uint32_t seed = 1; seed <= 20; ++seed) {
        against_a_map both{seed};
        for (int i = 0; i < 10'000; ++i) {
            both.step();
            if (!both.agrees()) ++wrong;
            most = std::max(most, both.held.size());
        }
        both.open.clear();
        both.held.clear();
        CHECK(both.agrees());
    }
    CHECK(wrong == 0);
    CHECK(most > 1'000);
}

TEST_CASE("holds of a tracker come home from other threads while the loop reads on") {
    constexpr offset count = 40'000;
    auto loop = std::make_shared<release_queue>();
    auto t = track(loop);
    std::vector<std::vector<hold>> shares(4);
    t->delivered(0, count - 1);
    for (offset at = 0; at < count; ++at) shares[std::size_t(at) % 4].push_back(hold{*t, at});
    t->passed(count);
    std::vector<std::thread> threads;
    for (auto& share : shares)
        threads.emplace_back([own = std::move(share)]() mutable {
            std::shuffle(own.begin(), own.end(), std::mt19937{1});
            own.clear();
        });
    offset end = count, before = 0;
    bool back = false;
    while (t->oldest_open().value_or(count) < count) {
        loop->collect();
        back |= t->committable() < before;
        before = t->committable();
        t->delivered(end, end);
        hold{*t, end}.release();
        t->passed(++end);
    }
    for (auto& each : threads) each.join();
    CHECK(!back);
    CHECK(t->to_commit() == end);
    t.reset();
    loop->close();
    CHECK(loop.use_count() == 1);
}

TEST_CASE("holds of a revoked tracker that outlive the app are freed with the last, wherever it is "
          "released") {
    std::weak_ptr<release_queue> alive;
    std::vector<hold> late, later;
    {
        auto loop = std::make_shared<release_queue>();
        alive = loop;
        auto t = track(loop);
        t->delivered(0, 999);
        for (offset at = 0; at < 1'000; ++at) (at % 2 ? late : later).push_back(hold{*t, at});
        t.reset();
        loop->close();
    }
    std::thread other{[own = std::move(late)]() mutable { own.clear(); }};
    later.clear();
    other.join();
    CHECK(alive.expired());
}
