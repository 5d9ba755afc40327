// SPDX-License-Identifier: Apache-2.0
// Tables: changed by key, undone with a message that fails, written as of what is committed, and
// restored before their input is read.
#include "counting.hpp"

#include <stdexcept>

TEST_CASE("count passes on how many values a key has had, and the table has the last") {
    counting c;
    test_driver test{c.app};
    for (auto* k : {"x", "y", "x", "x"}) test.send(c.in, k, 1);
    CHECK(c.out == trace{1, 1, 2, 3});
    CHECK(c.seen.get("x") == 3);
    CHECK(all_of(c.seen) == counts{{"x", 3}, {"y", 1}});
    CHECK(c.seen.get("z") == 0);
    CHECK(!c.seen.contains("z"));
    CHECK(c.seen.size() == 2);
}

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

TEST_CASE("a message that fails has changed no table") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    silent hush;
    app.agent("c", in | weir::count(seen) | weir::for_each([](std::int64_t n) {
                       if (n == 2) throw std::runtime_error{"not yet"};
                   }),
              {.on_error = weir::retry(1, 1s).then(weir::skip)});
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 1);
    CHECK(seen.get("x") == 1);  // it waits for its retry
    test.advance(1s);
    CHECK(seen.get("x") == 1);  // it is skipped
    test.send(in, "y", 1);
    CHECK(all_of(seen) == counts{{"x", 1}, {"y", 1}});
}

TEST_CASE("a key that only failed messages had is not there, and not written") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen) |
                       weir::for_each([&](std::int64_t) { throw std::runtime_error{"no"}; }));
    test_driver test{app};
    test.send(in, "x", 1);
    CHECK(!seen.contains("x"));
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(rows_written(test, "a-seen-changelog") == 0);
    CHECK(folded(test, "a-seen-changelog").empty());
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

TEST_CASE("a table of another width than its input is refused") {
    weir::app before{"a", {.broker = "memory://state-width"}};
    weir::app after{"a", {.broker = "memory://state-width"}};
    const auto make = [](weir::app& of, weir::partition_id n) {
        auto in = of.topic<string, int>("in" + std::to_string(n), {.partitions = n});
        of.agent("c", in | weir::count(of.table<string, std::int64_t>("seen")));
    };
    make(before, 4);
    make(after, 2);
    test_driver test{before};
    CHECK_THROWS_WITH_AS(test.add(after),
                         doctest::Contains("has 4 partitions, and topic 'in2' has 2"),
                         weir::setup_error);
}

TEST_CASE("aggregate behind group_by: the table is keyed by the field") {
    struct order {
        string account;
        double price;
    };
    struct spent {
        double sum = 0;
        int orders = 0;
    };
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders", {.partitions = 2});
    auto totals = app.table<string, spent>("totals");
    app.agent("t", orders | weir::group_by(&order::account) |
                       weir::aggregate(totals, [](spent& s, const order& o) {
                           s.sum += o.price;
                           ++s.orders;
                       }));
    test_driver test{app};
    test.send(orders, {"ann", 2.5});
    test.send(orders, {"bob", 1});
    test.send(orders, {"ann", 4});
    CHECK(totals.get("ann").sum == 6.5);
    CHECK(totals.get("ann").orders == 2);
    test.restart();
    CHECK(totals.get("ann").orders == 2);
    CHECK(totals.get("bob").sum == 1);
}

TEST_CASE("an aggregate that returns an empty optional erases the key") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto sums = app.table<string, std::int64_t>("sums");
    std::vector<std::optional<std::int64_t>> out;
    app.agent("c",
              in | weir::aggregate(sums, [](const std::int64_t& sum, int n) {
                  return n == 0 ? std::optional<std::int64_t>{} : std::optional{sum + n};
              }) | weir::for_each([&](const std::optional<std::int64_t>& n) { out.push_back(n); }));
    test_driver test{app};
    test.send(in, "x", 2);
    test.send(in, "y", 1);
    test.commit();
    test.send(in, "x", 0);
    CHECK(!sums.contains("x"));
    CHECK(out.back() == std::nullopt);
    test.commit();
    CHECK(folded(test, "a-sums-changelog") == counts{{"y", 1}});
    test.restart();
    CHECK(all_of(sums) == counts{{"y", 1}});
    test.send(in, "x", 5);
    CHECK(sums.get("x") == 5);
    test.restart();
    CHECK(all_of(sums) == counts{{"x", 5}, {"y", 1}});
}

TEST_CASE("reduce keeps the first value, then what f makes") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto least = app.table<string, int>("least");
    trace out;
    int calls = 0;
    app.agent("c", in | weir::reduce(least, [&](int a, int b) {
                       ++calls;
                       return std::min(a, b);
                   }) | weir::for_each([&](int n) { out.push_back(n); }));
    test_driver test{app};
    for (int n : {3, 1, 4}) test.send(in, "x", n);
    CHECK(out == trace{3, 1, 1});
    CHECK(calls == 2);
}

TEST_CASE("to_table keeps the last value, and a null erases its key") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "y", 2);
    test.send(in, "x", 3);
    CHECK(last.get("x") == 3);
    test.send(in, "x", std::nullopt);
    CHECK(all_of(last) == std::map<string, int>{{"y", 2}});
    test.restart();
    CHECK(all_of(last) == std::map<string, int>{{"y", 2}});
}

TEST_CASE("two agents cannot change one table") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("first", in | weir::count(seen));
    CHECK_THROWS_WITH_AS(app.agent("second", in | weir::count(seen)),
                         doctest::Contains("agent 'second' changes table 'seen', and so does agent "
                                           "'first'"),
                         weir::setup_error);
}

TEST_CASE("a result has the largest timestamp of what went into it") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto out = app.topic<string, std::int64_t>("out");
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen) | weir::to(out));
    test_driver test{app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    for (int s : {10, 30, 20}) test.send(in, "x", 1, {.timestamp = at(s)});
    std::vector<weir::timestamp> times;
    for (auto& e : test.events(out)) times.push_back(e.timestamp());
    CHECK(times == std::vector{at(10), at(30), at(30)});
}

TEST_CASE("a topic is a table: restored up to what is committed, nothing is written") {
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
