// SPDX-License-Identifier: Apache-2.0
// Joins of two tables: what each kind passes on, when, and with which time.
#include "state/joining_tables.hpp"

namespace {

using joined = joined_pair_of_tables;

}  // namespace

TEST_CASE("semantics 87: outer_join passes on each change of what either table has") {
    joined j;
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    test_driver test{j.app};
    CHECK(j.send(test, j.l, "x", 1, 1) == texts{"x 1-null @1"});
    CHECK(j.send(test, j.r, "x", 7, 2) == texts{"x 1-7 @2"});
    CHECK(j.send(test, j.r, "y", 8, 3) == texts{"y null-8 @3"});
    CHECK(j.send(test, j.l, "x", {}, 4) == texts{"x null-7 @4"});
    CHECK(j.send(test, j.r, "x", {}, 5) == texts{"x gone @5"});
}

TEST_CASE("semantics 87: left_join of tables has the keys of the first") {
    joined j;
    j.app.agent("j", j.left_one() | weir::events() | j.keep());
    test_driver test{j.app};
    CHECK(j.send(test, j.r, "x", 7, 1) == texts{});
    CHECK(j.send(test, j.l, "x", 1, 2) == texts{"x 1-7 @2"});
    CHECK(j.send(test, j.r, "x", {}, 3) == texts{"x 1-null @3"});
    CHECK(j.send(test, j.l, "x", {}, 4) == texts{"x gone @4"});
    CHECK(j.send(test, j.r, "x", 8, 5) == texts{});
}

TEST_CASE("semantics 87: join of tables has the keys of both, and withdraws when one side goes") {
    joined j;
    j.app.agent("j", j.inner() | weir::events() | j.keep());
    test_driver test{j.app};
    CHECK(j.send(test, j.l, "x", 1, 1) == texts{});
    CHECK(j.send(test, j.r, "x", 7, 2) == texts{"x 1-7 @2"});
    CHECK(j.send(test, j.l, "x", 2, 3) == texts{"x 2-7 @3"});
    CHECK(j.send(test, j.l, "x", {}, 4) == texts{"x gone @4"});
    CHECK(j.send(test, j.r, "x", 8, 5) == texts{});
    CHECK(j.send(test, j.r, "x", {}, 6) == texts{});
}

TEST_CASE("semantics 87: nothing is passed on for a tombstone of what was not there") {
    joined j;
    j.app.agent("i", j.inner() | weir::events() | j.keep());
    j.app.agent("l", j.left_one() | weir::events() | j.keep());
    j.app.agent("o", j.outer() | weir::events() | j.keep());
    test_driver test{j.app};
    for (auto& topic : {j.l, j.r, j.l, j.r}) CHECK(j.send(test, topic, "x", {}) == texts{});
    j.send(test, j.l, "x", 1);
    CHECK(j.send(test, j.r, "x", {}) == texts{});
    j.send(test, j.l, "x", {});
    CHECK(j.send(test, j.l, "x", {}) == texts{});
}

TEST_CASE("semantics 87: equal values are passed on; the time is the larger one of both rows") {
    joined j;
    j.app.agent("j", j.inner() | weir::events() | j.keep());
    test_driver test{j.app};
    j.send(test, j.l, "x", 1, 5);
    CHECK(j.send(test, j.r, "x", 7, 3) == texts{"x 1-7 @5"});
    CHECK(j.send(test, j.r, "x", 7, 9) == texts{"x 1-7 @9"});
    CHECK(j.send(test, j.l, "x", 1, 4) == texts{"x 1-7 @9"});
    CHECK(j.send(test, j.l, "x", {}, 2) == texts{"x gone @9"});
    j.send(test, j.l, "x", 1, 4);
    CHECK(j.send(test, j.r, "x", {}, 1) == texts{"x gone @4"});  // what has gone counts no more
}

TEST_CASE("semantics 87: a table that is joined with itself gives each result once") {
    joined j;
    const auto sum = [](int a, const int* b) {
        return std::to_string(a) + '-' + std::to_string(*b);
    };
    j.app.agent("j", weir::left_join(j.left, j.left, sum) | weir::events() | j.keep());
    test_driver test{j.app};
    CHECK(j.send(test, j.l, "x", 1, 1) == texts{"x 1-1 @1"});
    CHECK(j.send(test, j.l, "x", 2, 2) == texts{"x 2-2 @2"});
    CHECK(j.send(test, j.l, "x", {}, 3) == texts{"x gone @3"});
    CHECK(j.send(test, j.l, "x", {}, 4) == texts{});
}

TEST_CASE("semantics 87: what a join makes may be a table, and be joined again") {
    joined j;
    auto both = j.app.table<string, string>("both");
    j.app.agent("both", j.outer() | weir::to_table(both));
    const auto more = [](const string& a, int b) { return a + '-' + std::to_string(b); };
    j.app.agent("again", weir::join(both, j.right, more) | weir::events() | j.keep());
    test_driver test{j.app};
    CHECK(j.send(test, j.l, "x", 1, 1) == texts{});
    const auto with_7 = j.send(test, j.r, "x", 7, 2);
    CHECK(with_7 == texts{"x 1-null-7 @2", "x 1-7-7 @2"});  // the table changes a little later
    CHECK(j.send(test, j.l, "x", 2, 3) == texts{"x 2-7-7 @3"});
    CHECK(j.send(test, j.r, "x", {}, 4) == texts{"x gone @4"});
}

TEST_CASE("a message that changes a key several times gives one result of a join") {
    joined j;
    auto in = j.app.topic<string, int>("in", {.partitions = 1});
    auto last = j.app.table<string, int>("last");
    j.app.agent("in", in | weir::flat_map([](int n) {
                          std::vector<std::optional<int>> all;
                          for (int i = 1; i <= n; ++i) all.push_back(i);
                          if (n < 0) all = {5, std::nullopt};
                          return all;
                      }) | weir::to_table(last));
    const auto beside = [](int a, const int* b) { return joined::both(&a, b); };
    j.app.agent("j", weir::left_join(last, j.right, beside) | weir::events() | j.keep());
    test_driver test{j.app};
    test.send(in, "x", 3);
    test.send(in, "x", 2000);  // in pieces
    test.send(in, "y", -1);    // it comes and goes
    REQUIRE(j.out.size() == 2);
    CHECK(j.out[0].starts_with("x 3-null"));
    CHECK(j.out[1].starts_with("x 2000-null"));
}

TEST_CASE("bodies and coroutines that change a table tell the joins of it, too") {
    joined j;
    auto in = j.app.topic<string, int>("in", {.partitions = 1});
    auto slow = j.app.topic<string, int>("slow", {.partitions = 1});
    auto a = j.app.table<string, int>("ta"), b = j.app.table<string, int>("tb");
    j.app.agent("body", in | weir::items() | weir::for_each([=](const auto& i) {
                            a[i.key()] += i.value();
                            if (i.value() == 0) a.erase(i.key());
                        }),
                {.tables = {a}});
    j.app.agent("coroutine",
                slow | weir::items() | weir::map([=](weir::item<string, int> i) -> weir::task<int> {
                    b[i.key()] += 1;
                    co_await weir::sleep(1s);
                    b[i.key()] += i.value();
                    co_return 0;
                }),
                {.tables = {b}});
    j.app.agent("j", weir::outer_join(a, b, joined::both) | weir::events() | j.keep());
    test_driver test{j.app};
    const auto at = weir::testing::send_options{.timestamp = weir::timestamp{5ms}};
    test.send(in, "x", 1, at);
    test.send(in, "x", 2, at);
    test.send(slow, "x", 9, at);
    CHECK(j.out == texts{"x 1-null @5", "x 3-null @5"});
    test.advance(1s);
    CHECK(j.out.back() == "x 3-10 @5");
    test.send(in, "x", 0, at);
    CHECK(j.out.back() == "x null-10 @5");
    CHECK(j.out.size() == 4);
}

TEST_CASE("a join looks at the shard of its message's partition, and at no other") {
    joined j{{}, 2};
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    test_driver test{j.app};
    test.send(j.l, "x", 1, {.partition = 0});
    test.send(j.r, "x", 7, {.partition = 1});
    REQUIRE(j.out.size() == 2);
    CHECK(j.out[0].starts_with("x 1-null"));
    CHECK(j.out[1].starts_with("x null-7"));
}

TEST_CASE("a join of tables goes on when a partition has gone and come again") {
    joined j{{}, 2};
    j.app.agent("j", j.outer() | weir::events() | j.keep());
    test_driver test{j.app};
    test.send(j.l, "x", 1, {.partition = 1});
    for (int i = 0; i < 2; ++i) {
        test.revoke(j.l, 1);
        test.revoke(j.r, 1);
        test.assign(j.l, 1);
        test.assign(j.r, 1);
        j.out.clear();
        test.send(j.r, "x", i, {.partition = 1});
        REQUIRE(j.out.size() == 1);
        CHECK(j.out[0].starts_with("x 1-" + std::to_string(i)));
    }
}

TEST_CASE(
    "a join of tables is drawn between the tables and what follows, and in the graph's text") {
    joined j;
    auto counted = j.app.table<string, std::int64_t>("counted");
    auto in = j.app.topic<string, int>("in", {.partitions = 1});
    j.app.agent("j", weir::join(counted, j.right, [](std::int64_t n, int) { return n; }) |
                         weir::for_each([](const auto&) {}));
    j.app.agent("count", in | weir::count(counted));
    const auto g = j.app.graph();
    const auto node = [&](const string& name) {
        for (std::size_t i = 0; i < g.nodes().size(); ++i)
            if (g.nodes()[i].name == name) return i;
        return g.nodes().size();
    };
    const auto join = node("join counted and r");
    REQUIRE(join < g.nodes().size());
    CHECK(g.nodes()[join].agent == "j");
    const auto has_edge = [&](std::size_t from, std::size_t to) {
        return std::any_of(g.edges().begin(), g.edges().end(),
                           [&](auto& e) { return e.from == from && e.to == to; });
    };
    CHECK(has_edge(node("counted"), join));
    CHECK(has_edge(node("r"), join));
    CHECK(has_edge(join, node("for_each")));
}
