// SPDX-License-Identifier: Apache-2.0
// Joins of two tables: failures, crashes, and what is refused.
#include "joining_tables.hpp"
#include "refused.hpp"

namespace {

using joined = joined_pair_of_tables;

string sum_of(int a, int b) { return std::to_string(a + b); }

}  // namespace

TEST_CASE("semantics 87: the message that has changed a table is open until its results are done") {
    joined j{{.on_error = weir::retry(5, 1s)}};
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    int fails = 2;
    j.on_result = [&](const string& s) {
        if (s.starts_with("y") && --fails >= 0) throw std::runtime_error{"not yet"};
    };
    test_driver test{j.app};
    test.send(j.l, "x", 1);
    test.send(j.l, "y", 2);
    test.send(j.l, "z", 3);
    test.commit();
    CHECK(test.committed(j.l, 0) == 1);
    const auto why = j.app.explain(j.l, 0);
    REQUIRE(why);
    CHECK(why->offset == 1);
    CHECK(why->agent == "j");
    test.advance(3s);
    test.commit();
    CHECK(test.committed(j.l, 0) == 3);
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 87: a message that fails has told nothing") {
    joined j;
    auto in = j.app.topic<string, int>("in", {.partitions = 1});
    auto sums = j.app.table<string, int>("sums");
    int fails = 2;
    j.app.agent(
        "sums",
        in | weir::aggregate(sums, [](int& s, int n) { s += n; }) | weir::for_each([&](int) {
            if (--fails >= 0) throw std::runtime_error{"not yet"};
        }),
        {.on_error = weir::retry(1, 1s).then(weir::skip)});
    j.app.agent("j", weir::outer_join(sums, j.right, joined::both) | weir::events() | j.keep());
    test_driver test{j.app};
    test.send(in, "x", 1);
    test.advance(2s);  // skipped
    CHECK(j.out == texts{});
    fails = 1;
    test.send(in, "x", 2);
    CHECK(j.out == texts{});
    test.advance(2s);
    REQUIRE(j.out.size() == 1);
    CHECK(j.out[0].starts_with("x 2-null"));
}

TEST_CASE("semantics 87: what a message in work has changed is not seen by a join") {
    joined j;
    auto in = j.app.topic<string, int>("in", {.partitions = 1});
    auto last = j.app.table<string, int>("last");
    j.app.agent("slow", in | weir::to_table(last) | weir::flat_map([](int n) {
                            return std::vector<int>(n == 1 ? 1 : 3000, n);
                        }) | weir::map([](int) -> weir::task<int> {
                            co_await weir::sleep(1s);
                            co_return 0;
                        }));
    j.app.agent("j", weir::outer_join(last, j.right, joined::both) | weir::events() | j.keep());
    test_driver test{j.app};
    const auto seen = [&] {
        texts all;
        for (auto& s : j.out) all.push_back(s.substr(0, s.find(' ', 2)));
        return all;
    };
    test.send(in, "x", 1);
    test.advance(2s);
    test.send(in, "x", 2);   // stays in work: one call at a time
    test.send(in, "y", 2);   // waits behind it
    test.send(j.r, "x", 7);  // finds what the message before it has left
    CHECK(seen() == texts{"x 1-null", "x 1-7"});
    test.advance(2h);
    CHECK(seen() == texts{"x 1-null", "x 1-7", "x 2-7", "y 2-null"});
}

TEST_CASE("semantics 87: after kill -9 results come again, and the last of each key is right") {
    constexpr auto broker = "memory://join-tables-again";
    joined j{{.broker = broker}}, again{{.broker = broker}};
    for (auto* one : {&j, &again}) one->app.agent("j", one->inner() | weir::events() | one->keep());
    test_driver test{j.app};
    test.send(j.l, "x", 1);
    test.send(j.r, "x", 7);
    test.commit();
    test.send(j.l, "x", 2);
    test.send(j.l, "y", 3);
    test.send(j.r, "x", std::nullopt);
    test.kill(j.app);
    test.add(again.app);
    test.run();
    // The topics may be read in another order now.
    REQUIRE(!again.out.empty());
    CHECK(again.out.back().starts_with("x gone"));
    test.send(again.r, "y", 8);
    CHECK(again.out.back().starts_with("y 3-8"));
}

TEST_CASE("semantics 87: a result of a process that was killed is withdrawn by the next one") {
    struct summing : joined {
        weir::topic<string, int> in;
        weir::table<string, int> sums;
        int fails = 0;
        explicit summing(int n)
            : joined{{.broker = "memory://join-tables-withdraw"}},
              in(app.topic<string, int>("in", {.partitions = 1})),
              sums(app.table<string, int>("sums")),
              fails(n) {
            app.agent("sums",
                      in | weir::aggregate(sums, [](int& s, int v) { s += v; }) |
                          weir::for_each([this](int) {
                              if (--fails >= 0) throw std::runtime_error{"not yet"};
                          }),
                      {.on_error = weir::retry(5, 1s)});
            app.agent("j", weir::join(left, sums, [](int a, int b) { return both(&a, &b); }) |
                               weir::events() | keep());
        }
    };
    summing first{0}, second{2};
    test_driver test{first.app};
    test.send(first.in, "x", 7);
    test.send(first.l, "x", 1);
    CHECK(first.out.size() == 1);
    test.kill(first.app);
    test.append(first.l, "x", std::nullopt);
    test.add(second.app);
    test.run();  // the sum comes later now, and finds no left side
    REQUIRE(second.out.size() == 1);
    CHECK(second.out[0].starts_with("x gone"));
    test.advance(5s);
    CHECK(second.sums.get("x") == 7);
    CHECK(second.out.size() == 1);
    test.send(second.l, "y", 1);
    test.send(second.l, "y", std::nullopt);  // this can have come to nobody else
    CHECK(second.out.size() == 1);
}

TEST_CASE("semantics 87: what a join counts in a table is counted once, whoever was added first") {
    for (const bool join_first : {true, false}) {
        CAPTURE(join_first);
        const auto broker = string{"memory://join-tables-count-"} + (join_first ? "a" : "b");
        struct counting_results : joined {
            weir::topic<string, int> in;
            weir::table<string, int> sums;
            weir::table<string, std::int64_t> results;
            counting_results(const string& at, bool first)
                : joined{{.broker = at}},
                  in(app.topic<string, int>("in", {.partitions = 1})),
                  sums(app.table<string, int>("sums")),
                  results(app.table<string, std::int64_t>("results")) {
                const auto add_join = [this] {
                    app.agent("j", weir::outer_join(sums, right, both) | weir::count(results));
                };
                if (first) add_join();
                app.agent("sums", in | weir::aggregate(sums, [](int& s, int n) { s += n; }));
                if (!first) add_join();
            }
        };
        counting_results first{broker, join_first}, second{broker, join_first};
        test_driver test{first.app};
        for (int i = 0; i < 5; ++i) test.send(first.in, "x", i);
        test.commit();
        for (int i = 0; i < 5; ++i) test.send(first.in, "x", i);
        // The cut is written from the last table to the first, and ends in the middle.
        test.fail_next_send("a-sums-changelog", 100);
        test.commit();
        test.kill(first.app);
        test.fail_next_send("a-sums-changelog", 0);
        test.add(second.app);
        test.run();
        test.send(second.in, "x", 1);
        CHECK(second.results.get("x") == 11);
        CHECK(second.sums.get("x") == 21);
        test.commit();
        CHECK(folded(test, "a-results-changelog") == counts{{"x", 11}});
    }
}

TEST_CASE("semantics 87: a result that fails stops the app, or is lost alone by skip") {
    for (const bool skips : {false, true}) {
        CAPTURE(skips);
        joined j;
        const auto o = skips ? weir::agent_options{.on_error = weir::skip} : weir::agent_options{};
        j.app.agent("j",
                    weir::join(j.left, j.right,
                               [](int a, int b) {
                                   if (b == 13) throw std::runtime_error{"thirteen"};
                                   return joined::both(&a, &b);
                               }) |
                        weir::events() | j.keep(),
                    o);
        test_driver test{j.app};
        test.send(j.l, "x", 1);
        if (!skips) {
            test.send(j.r, "x", 13);
            CHECK(!test.running(j.app));
            CHECK(test.committed(j.r, 0) == nothing);
            continue;
        }
        test.send(j.r, "x", 13);
        CHECK(test.errors().size() == 1);
        CHECK(j.out.empty());
        test.send(j.l, "y", 2);
        test.send(j.r, "y", 8);
        CHECK(j.right.get("x") == 13);  // the table has it all the same
        CHECK(j.out.size() == 1);
    }
}

TEST_CASE("a dead letter of a join of tables has the key and both sides") {
    joined j;
    j.app.agent("j",
                j.outer() | weir::for_each([](const auto&) { throw std::runtime_error{"never"}; }),
                {.on_error = weir::dead_letter("dead")});
    test_driver test{j.app};
    test.send(j.l, "x", 1);
    test.send(j.r, "x", 7);
    texts all;
    for (auto& e : test.events(test.peek<string, string>("dead")))
        all.push_back(e.key() + ' ' + e.value());
    CHECK(all == texts{R"(x {"left":1,"right":null})", R"(x {"left":1,"right":7})"});
}

TEST_CASE("semantics 87: a lost partition's results come again with the next owner") {
    joined j{{.on_error = weir::retry(100, 1s)}};
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    bool fails = true;
    j.on_result = [&](const string&) {
        if (fails) throw std::runtime_error{"not yet"};
    };
    test_driver test{j.app};
    for (int i = 0; i < 3; ++i) test.send(j.l, "x", i);
    test.lose(j.l, 0);
    test.lose(j.r, 0);
    fails = false;
    j.out.clear();
    test.assign(j.l, 0);
    test.assign(j.r, 0);
    test.advance(10s);
    texts all;
    for (auto& s : j.out) all.push_back(s.substr(0, s.find(" @")));
    CHECK(all == texts{"x 0-null", "x 1-null", "x 2-null"});
    test.commit();
    CHECK(test.committed(j.l, 0) == 3);
}

TEST_CASE("semantics 90: tables whose topics have other numbers of partitions are not joined") {
    weir::app app{"a"};
    auto l = app.topic<string, int>("l", {.partitions = 2});
    auto r = app.topic<string, int>("r", {.partitions = 3});
    auto left = app.table(l), right = app.table(r);
    app.agent("j", weir::join(left, right, sum_of));
    CHECK(refused([&] { test_driver{app}; }) ==
          "weir: agent 'j' joins tables 'l' and 'r': 'l', which fills the first, has 2 partitions, "
          "and 'r', which fills the second, has 3, so equal keys would be in different ones: give "
          "them the same number, or put group_by before one");
}

TEST_CASE("semantics 90: both tables' inputs are read only while this member has them all") {
    joined j{{}, 2};
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    test_driver test{j.app};
    test.revoke(j.r, 1);
    test.append(j.l, "x", 1, {.partition = 1});
    test.append(j.l, "x", 2, {.partition = 0});
    test.run();
    CHECK(j.out.size() == 1);
    const auto why = j.app.explain(j.l, 1);
    REQUIRE(why);
    CHECK(why->why.find("changed by r[1]") != string::npos);
    test.assign(j.r, 1);
    CHECK(j.out.size() == 2);
}

TEST_CASE("semantics 90: a topic behind a join of tables is as wide as theirs") {
    joined j{{}, 3};
    auto n = j.app.table<std::size_t, std::int64_t>("n");
    j.app.agent("j", j.outer() |
                         weir::group_by([](const auto& v) { return v ? v->size() : 0; }, "size") |
                         weir::count(n));
    test_driver test{j.app};
    CHECK(test.partitions("a-j-size-repartition") == 3);
    CHECK(test.partitions("a-n-changelog") == 3);
    test.send(j.l, "x", 1);
    CHECK(n.get(6) == 1);
}

TEST_CASE("a table that nobody changes is not joined") {
    joined j;
    auto empty = j.app.table<string, int>("empty");
    j.app.agent("j", weir::join(j.left, empty, sum_of));
    CHECK(refused([&] { test_driver{j.app}; }) ==
          "weir: agent 'j' joins table 'empty', and no agent changes that table, so it is empty: "
          "give it one");
}

TEST_CASE("a join does not change its own tables, nor what they are made of") {
    {
        joined j;
        auto sums = j.app.table<string, int>("sums");
        const auto add = [](int a, int b) { return a + b; };
        CHECK(refused([&] {
                  j.app.agent("j", weir::join(j.left, sums, add) | weir::to_table(sums));
              }) == "weir: agent 'j' changes table 'sums' by what a join of this table passes on, "
                    "so each result would make another: use a table of its own");
    }
    joined j;
    auto one = j.app.table<string, int>("one"), two = j.app.table<string, int>("two");
    const auto add = [](int a, int b) { return a + b; };
    j.app.agent("a", weir::join(j.left, one, add) | weir::to_table(two));
    j.app.agent("b", weir::join(j.right, two, add) | weir::to_table(one));
    CHECK(refused([&] {
              test_driver{j.app};
          }).find("is changed by what a join passes on that depends on this table") !=
          string::npos);
}

TEST_CASE("a join of tables is added before the app runs") {
    joined j;
    test_driver test{j.app};
    CHECK(
        refused([&] { j.app.agent("j", j.outer() | weir::events() | j.keep()); }) ==
        "weir: agent 'j' joins a table: add it before the app runs, so that the table is restored "
        "first");
}

TEST_CASE("the changes of two tables are joined in a pull stream, too") {
    joined j;
    j.l.send("x", 1);
    texts all;
    for (auto& v : j.app.stream(j.outer())) {
        all.push_back(v.value_or("gone"));
        if (all.size() == 2) break;
        j.r.send("x", 7);
    }
    CHECK(all == texts{"1-null", "1-7"});
}

TEST_CASE("an app whose sources have all ended does not wait for its joins") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto last = app.table<string, int>("last");
    app.agent("two", in,
              [last](auto stream) -> weir::task<> {
                  for (int n = 0; n < 2; ++n)
                      if (auto v = co_await stream.next()) last.put("x", *v);
              },
              {.tables = {last}});
    trace out;
    app.agent("j", weir::join(last, last, [](int a, int) { return a; }) |
                       weir::for_each([&](const auto& n) { out.push_back(n.value_or(-1)); }));
    for (int i : {1, 2}) in.send("x", i);
    app.run();
    CHECK(out == trace{1, 2});
}
