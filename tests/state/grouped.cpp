// SPDX-License-Identifier: Apache-2.0
// Tables that are grouped: t.changes() | group_by(f) | aggregate(t2, add, subtract).
#include "counting.hpp"

#include <optional>
#include <stdexcept>

namespace {

using group = weir::detail::group_member<string, string, int>;

void add(int& sum, int n) { sum += n; }
void subtract(int& sum, int n) { sum -= n; }
string parity(int n) { return n % 2 ? "odd" : "even"; }

/// The rows of a topic, by parity: what each group has, as it is passed on.
struct grouping {
    silent hush{};
    weir::app app;
    weir::topic<string, std::optional<int>> in;
    weir::table<string, int> rows;
    weir::table<string, int> sums;
    texts out{};
    static constexpr auto between = "a-g-parity-repartition";

    explicit grouping(weir::app_options o = {}, weir::partition_id n = 1)
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, std::optional<int>>("in", {.partitions = n})),
          rows(app.table(in)),
          sums(app.table<string, int>("sums")) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    auto by_parity() { return rows.changes() | weir::group_by(parity, "parity"); }
    auto keep() {
        return weir::for_each(
            [this](const auto& i) { out.push_back(i.key() + ' ' + std::to_string(i.value())); });
    }
    grouping& add_up() {
        app.agent("g", by_parity() | weir::aggregate(sums, add, subtract) | weir::items() | keep());
        return *this;
    }
    texts send(test_driver& test, const string& key, std::optional<int> value) {
        out.clear();
        test.send(in, key, value);
        return out;
    }
};

}  // namespace

TEST_CASE("semantics 92: a row that changes is subtracted and added, as one change of its group") {
    grouping g;
    g.add_up();
    test_driver test{g.app};
    CHECK(g.send(test, "x", 1) == texts{"odd 1"});
    CHECK(g.send(test, "y", 5) == texts{"odd 6"});
    CHECK(g.send(test, "x", 3) == texts{"odd 8"});
    CHECK(g.send(test, "y", {}) == texts{"odd 3"});
    CHECK(g.send(test, "z", {}) == texts{});
    CHECK(all_of(g.sums) == std::map<string, int>{{"odd", 3}});
}

TEST_CASE("semantics 92: a row that moves leaves its old group first") {
    grouping g;
    g.add_up();
    test_driver test{g.app};
    g.send(test, "x", 1);
    CHECK(g.send(test, "x", 4) == texts{"odd 0", "even 4"});
    CHECK(g.send(test, "x", 7) == texts{"even 0", "odd 7"});
}

TEST_CASE("semantics 92: count counts the rows of a group, and reduce adds and subtracts them") {
    grouping g;
    auto n = g.app.table<string, std::int64_t>("n");
    const auto plus = [](int a, int b) { return a + b; };
    const auto minus = [](int a, int b) { return a - b; };
    g.app.agent("n", g.by_parity() | weir::count(n));
    g.app.agent("g", g.by_parity() | weir::reduce(g.sums, plus, minus) | weir::items() | g.keep());
    test_driver test{g.app};
    CHECK(g.send(test, "x", 1) == texts{"odd 1"});
    CHECK(g.send(test, "y", 3) == texts{"odd 4"});
    CHECK(n.get("odd") == 2);
    CHECK(g.send(test, "y", 5) == texts{"odd 6"});
    CHECK(n.get("odd") == 2);
    CHECK(g.send(test, "x", {}) == texts{"odd 5"});
    CHECK(n.get("odd") == 1);
    CHECK(g.send(test, "y", 2) == texts{"odd 0", "even 2"});
    CHECK(all_of(n) == std::map<string, std::int64_t>{{"odd", 0}, {"even", 1}});
}

TEST_CASE("semantics 92: the group may be made of the key, too, and a row may be in none") {
    grouping g;
    const auto by = [](const string& key, int n) {
        return n < 0 ? std::nullopt : std::optional{key.substr(0, 1)};
    };
    g.app.agent("g", g.rows.changes() | weir::group_by(by, "letter") |
                         weir::aggregate(g.sums, add, subtract) | weir::items() | g.keep());
    test_driver test{g.app};
    CHECK(g.send(test, "a1", 1) == texts{"a 1"});
    CHECK(g.send(test, "a2", 2) == texts{"a 3"});
    CHECK(g.send(test, "a1", -5) == texts{"a 2"});
    CHECK(g.send(test, "a1", -6) == texts{});
    CHECK(g.send(test, "a1", 4) == texts{"a 6"});
}

TEST_CASE("semantics 92: a group may be erased, and begins anew") {
    grouping g;
    const auto less = [](const int& sum, int n) {
        return sum == n ? std::optional<int>{} : std::optional{sum - n};
    };
    texts out;
    g.app.agent("g", g.by_parity() | weir::aggregate(g.sums, add, less) | weir::items() |
                         weir::for_each([&](const auto& i) {
                             out.push_back(i.key() + ' ' +
                                           (i.value() ? std::to_string(*i.value()) : "gone"));
                         }));
    test_driver test{g.app};
    test.send(g.in, "x", 1);
    test.send(g.in, "x", 3);  // goes and comes: one change
    test.send(g.in, "x", 2);
    CHECK(out == texts{"odd 1", "odd 3", "odd gone", "even 2"});
    CHECK(all_of(g.sums) == std::map<string, int>{{"even", 2}});
}

TEST_CASE("semantics 92: a table that an agent changes is grouped as its commits have it") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto n = app.table<string, std::int64_t>("n");
    auto often = app.table<std::int64_t, std::int64_t>("often");
    app.agent("n", in | weir::count(n));
    app.agent("often", n.changes() | weir::group_by([](std::int64_t c) { return c; }, "count") |
                           weir::count(often));
    test_driver test{app};
    for (auto* key : {"a", "b", "a", "c", "a"}) test.send(in, key, 0);
    test.commit();
    test.commit();
    CHECK(all_of(often) == std::map<std::int64_t, std::int64_t>{{3, 1}, {1, 2}});
    test.send(in, "b", 0);
    test.commit();
    test.commit();
    CHECK(all_of(often) == std::map<std::int64_t, std::int64_t>{{3, 1}, {1, 1}, {2, 1}});
}

TEST_CASE("semantics 92: after kill -9 each row is in its group once") {
    const weir::app_options o{.broker = "memory://grouped-again", .purge_internal = false};
    grouping g{o}, again{o};
    g.add_up();
    again.add_up();
    test_driver test{g.app};
    test.send(g.in, "x", 1);
    test.send(g.in, "y", 5);
    test.commit();
    test.send(g.in, "x", 3);
    test.send(g.in, "y", 2);
    test.send(g.in, "x", 7);
    test.kill(g.app);
    test.add(again.app);
    test.run();  // what was sent to the groups is sent again
    CHECK(all_of(again.sums) == std::map<string, int>{{"odd", 7}, {"even", 2}});
    CHECK(again.send(test, "y", {}) == texts{"even 0"});
    test.commit();
    CHECK(all_of(again.sums) == std::map<string, int>{{"odd", 7}, {"even", 0}});
}

TEST_CASE("semantics 92: a change that comes twice, or behind a later one, is not counted") {
    grouping g;
    g.add_up();
    test_driver test{g.app};
    const auto send_again = [&](const string& to, std::optional<int> value, offset at) {
        g.out.clear();
        weir::bytes bytes{};
        weir::detail::encode_onto<group>({to, "x", 0, at, value}, bytes);
        test.send_raw(grouping::between, to, bytes);
        return g.out;
    };
    test.send(g.in, "x", 1);
    test.send(g.in, "x", 3);
    CHECK(send_again("odd", 3, 1) == texts{});
    CHECK(send_again("odd", 1, 0) == texts{});
    test.send(g.in, "x", 4);
    CHECK(send_again("odd", 3, 1) == texts{});  // it has left
    CHECK(send_again("odd", {}, 2) == texts{});
    CHECK(g.send(test, "x", 5) == texts{"even 0", "odd 5"});
}

TEST_CASE("semantics 92: what a message has changed in a group is undone with it") {
    grouping g{{.on_error = weir::retry(3, 1s)}};
    int fails = 2;
    g.app.agent("g",
                g.by_parity() | weir::aggregate(g.sums, add, subtract) | weir::for_each([&](int) {
                    if (--fails >= 0) throw std::runtime_error{"not yet"};
                }));
    test_driver test{g.app};
    test.send(g.in, "x", 1);
    test.advance(5s);
    test.send(g.in, "x", 3);
    CHECK(g.sums.get("odd") == 3);
}

TEST_CASE("a row whose group cannot be found is skipped, and stays where it was") {
    grouping g{{.on_error = weir::skip}};
    const auto by = [](int n) {
        if (n == 13) throw std::runtime_error{"thirteen"};
        return parity(n);
    };
    g.app.agent("g", g.rows.changes() | weir::group_by(by, "parity") |
                         weir::aggregate(g.sums, add, subtract));
    test_driver test{g.app};
    test.send(g.in, "x", 1);
    test.send(g.in, "x", 13);
    CHECK(test.errors().size() == 1);
    CHECK(g.sums.get("odd") == 1);
    test.send(g.in, "x", 4);
    CHECK(all_of(g.sums) == std::map<string, int>{{"odd", 0}, {"even", 4}});
}

TEST_CASE("of rows that have left a group the last 10,000 are known") {
    grouping g;
    g.add_up();
    auto kept = g.app.table<weir::bytes, weir::detail::counted_row<int>>("g-groups");
    test_driver test{g.app};
    constexpr int n = 10'100;
    for (int i = 0; i < n; ++i) test.append(g.in, "k" + std::to_string(i), 2);
    for (int i = 0; i < n; ++i) test.append(g.in, "k" + std::to_string(i), std::nullopt);
    test.run();
    CHECK(g.sums.get("even") == 0);
    CHECK(kept.size() == 10'000);
    test.restart();
    test.run();
    test.send(g.in, "x", 2);
    test.send(g.in, "x", std::nullopt);
    CHECK(kept.size() == 10'000);
}

TEST_CASE("rows of several partitions are in one group") {
    grouping g{{}, 3};
    g.add_up();
    test_driver test{g.app};
    test.send(g.in, "x", 1, {.partition = 0});
    test.send(g.in, "x", 3, {.partition = 1});  // a row of its own
    test.send(g.in, "y", 5, {.partition = 2});
    CHECK(g.sums.get("odd") == 9);
    test.send(g.in, "x", std::nullopt, {.partition = 0});
    CHECK(g.sums.get("odd") == 8);
    CHECK(test.partitions(grouping::between) == 3);
}
