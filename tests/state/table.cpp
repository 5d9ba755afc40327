// SPDX-License-Identifier: Apache-2.0
// Tables: changed by key, undone with a message that fails, written as of what is committed, and
// restored before their input is read.
#include "counting.hpp"

#include "allocations.hpp"

#include <stdexcept>

TEST_CASE("a key is written once for each commit, to the partition of its messages") {
    counting c{2};
    test_driver test{c.app};
    for (int i = 0; i < 100; ++i) test.append(c.in, "k" + std::to_string(i % 10), 1);
    test.run();
    CHECK(rows_written(test, c.changelog) == 0);
    test.commit();
    CHECK(rows_written(test, c.changelog) == 10);
    CHECK(test.partitions(c.changelog) == std::optional<weir::partition_id>{2});
    CHECK(folded(test, c.changelog) == all_of(c.seen));
    test.commit();
    CHECK(rows_written(test, c.changelog) == 10);  // nothing has changed
}

TEST_CASE("no offset is committed before the table is written") {
    counting c;
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.fail_next_send(c.changelog, 1);
    test.commit();
    CHECK(test.committed(c.in, 0) == nothing);
    CHECK(!test.running());
}

TEST_CASE("a new run restores the table, then reads on") {
    counting c{2};
    test_driver test{c.app};
    for (int i = 0; i < 20; ++i) test.append(c.in, "k" + std::to_string(i % 4), 1);
    test.run();
    test.restart();
    CHECK(all_of(c.seen) == counts{{"k0", 5}, {"k1", 5}, {"k2", 5}, {"k3", 5}});
    c.out.clear();
    test.send(c.in, "k0", 1);
    CHECK(c.out == trace{6});
}

TEST_CASE("after a crash nothing is counted twice: what was not committed is counted again") {
    weir::app_options shared{.broker = "memory://state-crash"};
    counting one{1, shared}, two{1, shared};
    test_driver test{one.app};
    for (int i = 0; i < 3; ++i) test.send(one.in, "x", 1);
    test.commit();
    for (int i = 0; i < 4; ++i) test.send(one.in, "x", 1);  // counted, not committed
    CHECK(one.seen.get("x") == 7);
    test.kill(one.app);
    test.add(two.app);
    CHECK(two.seen.get("x") == 7);
    CHECK(two.out == trace{4, 5, 6, 7});
}

TEST_CASE("a crash between the changelog and the commit counts nothing twice") {
    weir::app_options shared{.broker = "memory://state-between"};
    counting one{1, shared}, two{1, shared};
    test_driver test{one.app};
    for (int i = 0; i < 3; ++i) test.send(one.in, "x", 1);
    test.fail_next_commit();
    test.commit();
    CHECK(test.committed(one.in, 0) == nothing);
    CHECK(folded(test, one.changelog) == counts{{"x", 3}});
    test.kill(one.app);
    test.add(two.app);  // reads all three again
    CHECK(two.seen.get("x") == 3);
    CHECK(two.out.empty());
    test.send(two.in, "x", 1);
    CHECK(two.seen.get("x") == 4);
    CHECK(two.out == trace{4});
}

TEST_CASE("the changelog has the table as of the committed offset, not what waits in take") {
    weir::app_options shared{.broker = "memory://state-take"};
    const auto make = [](weir::app& app, trace& out) {
        auto in = app.topic<string, int>("in");
        auto seen = app.table<string, std::int64_t>("seen");
        app.agent("c", in | weir::count(seen) | weir::take(3) | weir::flat_map(std::identity{}) |
                           weir::for_each([&](std::int64_t n) { out.push_back(int(n)); }));
        return std::pair{in, seen};
    };
    weir::app one{"a", shared}, two{"a", shared};
    trace first, second;
    auto [in, seen] = make(one, first);
    auto [in2, seen2] = make(two, second);
    test_driver test{one};
    for (auto* k : {"x", "y", "x", "x", "z"}) test.send(in, k, 1);
    CHECK(all_of(seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 2}, {"y", 1}});
    test.kill(one);
    test.add(two);
    CHECK(all_of(seen2) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    test.send(in2, "z", 1);
    CHECK(second == trace{3, 1, 2});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 3}, {"y", 1}, {"z", 2}});
}

TEST_CASE("a partition that moves takes its part of the table along") {
    weir::app_options shared{.broker = "memory://state-moves"};
    counting one{2, shared}, two{2, shared};
    test_driver test{one.app};
    for (int i = 0; i < 40; ++i) test.append(one.in, "k" + std::to_string(i % 8), 1);
    test.run();
    const auto before = all_of(one.seen);
    CHECK(before.size() == 8);
    test.add(two.app);
    auto both = all_of(one.seen);
    CHECK(both.size() < 8);
    both.merge(all_of(two.seen));
    CHECK(both == before);
    for (int i = 0; i < 8; ++i) test.append(one.in, "k" + std::to_string(i), 1);
    test.run();
    CHECK(one.out.size() + two.out.size() == 48);
    both = all_of(one.seen);
    both.merge(all_of(two.seen));
    for (auto& [k, n] : both) CHECK(n == 6);
}

TEST_CASE("messages go on while a cut is written, and do not get into it") {
    counting c;
    test_driver test{c.app};
    const int keys = 20'000;  // several pieces
    for (int i = 0; i < keys; ++i) test.append(c.in, "k" + std::to_string(i), 1);
    test.run();
    for (int i = keys; i-- > 0;) test.append(c.in, "k" + std::to_string(i), 1);
    test.commit();  // begins behind the second round
    CHECK(all_of(c.seen).size() == keys);
    CHECK(folded(test, c.changelog) == all_of(c.seen));
}

TEST_CASE(
    "semantics 56: a topic is a table: restored up to what is committed, nothing is written") {
    weir::app_options shared{.broker = "memory://state-topic"};
    const auto make = [](weir::app& app) {
        return app.table(app.topic<string, std::int64_t>("people"));
    };
    weir::app one{"a", shared}, two{"a", shared};
    auto people = make(one), again = make(two);
    test_driver test{one};
    auto in = test.peek<string, std::optional<std::int64_t>>("people");
    test.send(in, "ann", 1);
    test.send(in, "bob", 2);
    test.commit();
    CHECK(test.committed("people", 0) == committed{2});
    test.send(in, "ann", 3);
    test.send(in, "bob", std::nullopt);
    CHECK(all_of(people) == counts{{"ann", 3}});
    CHECK(!test.partitions("a-people-changelog"));
    test.kill(one);
    test.add(two);
    CHECK(all_of(again) == counts{{"ann", 3}});
    test.commit();
    test.restart(two);
    CHECK(all_of(again) == counts{{"ann", 3}});
    CHECK(again.size() == 1);
}

TEST_CASE("a table is walked through partition by partition") {
    counting c{3};
    test_driver test{c.app};
    for (int i = 0; i < 60; ++i) test.append(c.in, "k" + std::to_string(i % 20), 1);
    test.run();
    counts all;
    for (auto&& [k, n] : c.seen) all[k] = n;
    CHECK(all.size() == 20);
    CHECK(all == all_of(c.seen));
    std::size_t walked = 0;
    for (const auto& i : c.seen) walked += i.value == 3;
    CHECK(walked == 20);
}

TEST_CASE("after a run a table can be read; the next run begins with what it restores") {
    counting c;
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.stop();
    CHECK(all_of(c.seen) == counts{{"x", 1}});
    test.restart();
    CHECK(all_of(c.seen) == counts{{"x", 1}});
    test.kill(c.app);
    CHECK(c.seen.size() == 0);
}

TEST_CASE("a partition is not read while journal_max of its changes are not committed") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen", {.journal_max = 3});
    app.agent("c", in | weir::count(seen) | weir::take(5, 10s) | weir::for_each([](auto&) {}));
    test_driver test{app};
    for (int n = 0; n < 8; ++n) test.append(in, "x", 1);
    test.run();
    CHECK(seen.get("x") == 3);
    CHECK(test.held(in, 0) == 3);
    test.advance(10s);  // the short batch
    CHECK(seen.get("x") == 6);
    test.advance(10s);
    CHECK(seen.get("x") == 8);
    test.advance(10s);
    test.commit();
    CHECK(test.committed(in, 0) == committed{8});
}

TEST_CASE("a change of a key that is there allocates nothing") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto seen = app.table<string, std::int64_t>("seen");
    std::size_t number = 0, first = 0, last = 0;
    app.agent("c", in | weir::count(seen) | weir::for_each([&](std::int64_t) {
                       if (++number == 3000) first = weir::testing::allocations();
                       if (number == 4000) last = weir::testing::allocations();
                   }));
    test_driver test{app};
    // the journal and the batches have grown before
    for (int i = 0; i < 5000; ++i) test.append(in, "k" + std::to_string(i % 100), i);
    test.run();
    CHECK(number == 5000);
    CHECK(last - first < 10);  // the journal may grow once more
}

TEST_CASE("null bytes as a table's value come back as empty ones: the key is not erased") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto last = app.table<string, weir::bytes>("last");
    app.agent("c", in | weir::items() | weir::for_each([=](const auto& i) {
                       last.put(i.key(), weir::bytes{});
                   }),
              {.tables = {last}});
    test_driver test{app};
    test.send(in, "x", 1);
    test.restart();
    CHECK(last.contains("x"));
    CHECK(last.get("x").size() == 0);
}
