// SPDX-License-Identifier: Apache-2.0
// What an operator that remembers is made of: a state for each partition, and an undo log.
#include <doctest/doctest.h>

#include <algorithm>
#include <vector>
#include <weir/weir.hpp>

using weir::topic_partition;
using weir::detail::per_partition;
using weir::detail::undo_log;

namespace {

/// Value i is from partition i; what is behind them is from no topic.
struct places final : weir::detail::origins {
    const std::vector<topic_partition> all{{"t", 0}, {"t", 1}};
    weir::hold hold_of(std::size_t) override { return {}; }
    weir::detail::ownership ownership_of(std::size_t) const override { return {}; }
    weir::offset offset_of(std::size_t) const override { return {}; }
    weir::message message_of(std::size_t) const override { return {}; }
    weir::headers headers_of(std::size_t) const override { return {}; }
    const topic_partition* partition_of(std::size_t i) const override {
        return i < all.size() ? &all[i] : nullptr;
    }
};

/// A number, and what it was when its message was finished or failed.
struct tally {
    int n = 10;
    std::vector<int>* finished = nullptr;
    std::vector<int>* undone = nullptr;
    int before = n;
    void finish() {
        if (n != before) finished->push_back(n);
        before = n;
    }
    void undo() {
        if (n != before) undone->push_back(n);
        n = before;
    }
};

struct three_places {
    places from{};
    weir::clock time{};
    weir::detail::segment_turn now{time, weir::time_point::max()};
    std::vector<int> finished{}, undone{};
    per_partition<tally> states{tally{10, &finished, &undone}};
    tally& of(std::size_t i) { return states.of(weir::detail::context{from, i, now}); }
};

}  // namespace

TEST_CASE("each partition has one state, a copy of the first; values of no topic share one") {
    three_places t;
    t.of(0).n = 1;
    CHECK(t.of(1).n == 10);
    CHECK(t.of(0).n == 1);
    t.of(2).n = 3;
    CHECK(t.of(7).n == 3);
    CHECK(t.of(0).n == 1);
    auto copy = t.states;  // of another run
    CHECK(copy.of(weir::detail::context{t.from, 0, t.now}).n == 10);
}

TEST_CASE("what the message in work has used is told once that it is finished, or that it failed") {
    three_places t;
    t.of(0).n = 1;
    t.of(1).n = 2;
    t.of(0).n = 3;
    t.states.finish();
    std::sort(t.finished.begin(), t.finished.end());
    CHECK(t.finished == std::vector<int>{2, 3});
    t.states.finish();
    CHECK(t.finished.size() == 2);
    t.of(1).n = 4;
    t.states.undo();
    CHECK(t.undone == std::vector<int>{4});
    CHECK(t.of(1).n == 2);
    t.states.undo();
    CHECK(t.undone.size() == 1);
}

TEST_CASE("a partition's state begins anew when it is revoked or assigned; no other one does") {
    three_places t;
    for (bool revoked : {true, false}) {
        t.of(0).n = 1;
        t.of(1).n = 2;
        t.of(2).n = 3;
        t.states.finish();
        const topic_partition same{"t", 0};  // by its name, not by its address
        if (revoked) t.states.revoked(same);
        else t.states.assigned(same);
        CHECK(t.of(0).n == 10);
        CHECK(t.of(1).n == 2);
        CHECK(t.of(2).n == 3);
    }
    t.states.revoked({"u", 0});
    CHECK(t.of(1).n == 2);
}

TEST_CASE("a state that a parked message has used stays until that message is finished or fails") {
    for (bool fails : {true, false}) {
        three_places t;
        t.of(0).n = 1;
        t.states.revoked({"t", 0});
        t.states.assigned({"t", 0});
        if (fails) t.states.undo();
        else t.states.finish();
        CHECK((fails ? t.undone : t.finished) == std::vector<int>{1});
        CHECK((fails ? t.finished : t.undone).empty());
        CHECK(t.of(0).n == 10);
    }
}

TEST_CASE("an undo log puts back what was saved, the last first, and forgets what is finished") {
    undo_log<int> log;
    int a = 1, b = 2;
    const auto set = [&](int& x, int to) {
        log.save(x);
        x = to;
    };
    set(a, 5);
    set(b, 6);
    set(a, 7);
    log.undo();
    CHECK(a == 1);
    CHECK(b == 2);
    set(a, 5);
    log.finish();
    set(b, 6);
    log.undo();
    CHECK(a == 5);
    CHECK(b == 2);
    log.undo();
    CHECK(a == 5);
}
