// SPDX-License-Identifier: Apache-2.0
// Tables of windows as bodies use them.
#include "windowing.hpp"

namespace {

/// A body that adds each value to its key's windows.
template <class Make>
struct viewed {
    lateness hooks{};
    weir::app app{"a", {.hooks = &hooks}};
    weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
    weir::table<per_key, int> table = app.table<per_key, int>("views");
    decltype(std::declval<Make>()(table)) view;
    texts seen{};
    explicit viewed(Make make) : view(make(table)) {
        app.agent("v", in | weir::items() | weir::for_each([this](auto& item) {
                           auto& [key, value] = item;
                           view[key] += value;
                           if (value == 13) throw std::runtime_error{"thirteen"};
                           seen.push_back(std::to_string(view.current(key)) + ' ' +
                                          std::to_string(view.delta(key, 10s)) + ' ' +
                                          std::to_string(view.now(key)));
                       }),
                  {.tables = {table}});
    }
};
const auto ten = [](auto t) { return t.tumbling(10s); };

}  // namespace

TEST_CASE("semantics 82: v[k] += 1 changes the message's window; current, delta and now read it") {
    viewed v{ten};
    test_driver test{v.app};
    const auto now = std::chrono::floor<std::chrono::seconds>(test.now());
    const auto start = now - now.time_since_epoch() % 10s;
    test.send(v.in, "a", 1, {.timestamp = start - 10s});
    test.send(v.in, "a", 2, {.timestamp = start - 1ms});
    test.send(v.in, "a", 4, {.timestamp = start});
    test.send(v.in, "b", 8, {.timestamp = start - 10s});
    CHECK(v.seen == texts{"1 0 0", "3 0 0", "4 3 4", "8 0 0"});
}

TEST_CASE("semantics 82: hopping windows are changed all, and the last one is the current one") {
    viewed v{[](auto t) { return t.hopping(10s, 5s); }};
    test_driver test{v.app};
    test.send(v.in, "a", 1, {.timestamp = at(7'000)});
    test.send(v.in, "a", 2, {.timestamp = at(12'000)});
    CHECK(v.seen == texts{"1 0 0", "2 1 0"});
    CHECK(v.table.get({"a", at(0), at(10'000)}) == 1);
    CHECK(v.table.get({"a", at(5'000), at(15'000)}) == 3);
}

TEST_CASE("semantics 82: .expires forgets windows so long behind their ends, and a restart too") {
    viewed v{[](auto t) { return t.tumbling(10s, {.expires = 20s}); }};
    test_driver test{v.app};
    test.send(v.in, "a", 1, {.timestamp = at(1'000)});
    test.send(v.in, "a", 1, {.timestamp = at(29'999)});
    CHECK(v.table.size() == 2);
    test.restart();
    CHECK(v.table.size() == 2);
    test.send(v.in, "b", 1, {.timestamp = at(30'000)});
    CHECK(v.table.size() == 2);
    CHECK(!v.table.contains({"a", at(0), at(10'000)}));
    test.restart();
    CHECK(v.table.size() == 2);
}

TEST_CASE("semantics 82: a message that fails has changed no window of a view") {
    viewed v{ten};
    test_driver test{v.app};
    test.send(v.in, "a", 1, {.timestamp = at(1'000)});
    test.send(v.in, "a", 13, {.timestamp = at(2'000)});
    CHECK(v.table.get({"a", at(0), at(10'000)}) == 1);
}

TEST_CASE("semantics 82: outside a message a view is read by a time") {
    viewed v{ten};
    {
        test_driver test{v.app};
        test.send(v.in, "a", 1, {.timestamp = at(1'000)});
        CHECK(v.view.at("a", at(9'999)) == 1);
        CHECK(v.view.now("a") == 0);
        CHECK_THROWS_WITH(v.view.current("a"), doctest::Contains("no message is being processed"));
    }
    CHECK_THROWS_WITH(v.view.now("a"), doctest::Contains("while the app does not run"));
    CHECK_THROWS_WITH(v.table.tumbling(1s), doctest::Contains("is filled by tumbling(10 s)"));
    auto other = v.app.table<per_key, int>("other");
    CHECK_THROWS_WITH(other.tumbling(1s, {.expires = -1s}),
                      doctest::Contains(".expires must not be negative"));
}

TEST_CASE("semantics 82: a coroutine changes windows by its message's time") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto table = app.table<per_key, int>("views");
    auto view = table.tumbling(10s);
    app.agent("v", in | weir::items(),
              [&](auto items) -> weir::task<> {
                  while (auto item = co_await items.next()) view[item->key()] += item->value();
              },
              {.tables = {table}});
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1'000)});
    test.send(in, "a", 2, {.timestamp = at(12'000)});
    test.run();
    CHECK(table.get({"a", at(0), at(10'000)}) == 1);
    CHECK(table.get({"a", at(10'000), at(20'000)}) == 2);
}
