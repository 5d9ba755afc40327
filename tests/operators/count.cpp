// SPDX-License-Identifier: Apache-2.0
// count: what it passes on, what it counts, where it may stand, and what a failure leaves.
#include "state/counting.hpp"

#include <functional>
#include <stdexcept>
#include <utility>

enum class color : std::uint8_t { red, green };

template <>
struct weir::codec<color> {
    static void encode(color c, weir::bytes& onto) { onto.append(c == color::red ? "r" : "g"); }
    static color decode(weir::bytes_view from) {
        return from.view() == "r" ? color::red : color::green;
    }
};

namespace {

auto into(trace& got) {
    return weir::for_each([&got](std::int64_t n) { got.push_back(int(n)); });
}
numbers twice(int i) { return {i, i}; }

struct place {
    string country, city;
};

/// Counts two values of the first key and one of the second, and finds them in a second run, too.
template <class K>
void counts_keys(const K& first, const K& second) {
    weir::app app{"a"};
    auto in = app.topic<K, int>("in");
    auto seen = app.table<K, std::int64_t>("seen");
    trace got;
    app.agent("c", in | weir::count(seen) | into(got));
    test_driver test{app};
    for (auto& k : {first, second, first}) test.send(in, k, 1);
    CHECK(got == trace{1, 1, 2});
    CHECK(seen.get(first) == 2);
    CHECK(seen.get(second) == 1);
    test.restart();
    CHECK(seen.size() == 2);
    CHECK(seen.get(first) == 2);
    test.send(in, second, 1);
    CHECK(got == trace{1, 1, 2, 2});
}

/// Counts x, y, x behind what `make` puts before the table.
template <class Make>
void counts_behind(Make make) {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    app.agent("c", make(in) | weir::count(seen) | into(got));
    test_driver test{app};
    for (auto* k : {"x", "y", "x", "x"}) test.send(in, k, 1);
    test.advance(10s);
    CHECK(got == trace{1, 1, 2, 3});
    CHECK(all_of(seen) == counts{{"x", 3}, {"y", 1}});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == all_of(seen));
}

weir::task<int> late(int i) {
    co_await weir::sleep(1s);
    co_return i;
}

}  // namespace

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
    CHECK(test.held(c.in, 0) == 0);
}

TEST_CASE("count is drawn with its table and the type of the table's values") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    app.agent("c", in | weir::tap([](int) {}) | weir::count(app.table<string, double>("seen")) |
                       weir::for_each([](double) {}));
    CHECK(app.graph().text() == "agent c\n"
                                "  topic in [1 partition] : std::string, int\n"
                                "  | tap : std::string, int\n"
                                "  | count seen : std::string, double\n"
                                "  -> table seen [1 partition] : std::string, double\n"
                                "     -> topic a-seen-changelog : std::string, double\n"
                                "  | for_each\n");
}

TEST_CASE("each value of a message is counted") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    app.agent("c", in | weir::flat_map(twice) | weir::count(seen) | into(got));
    test_driver test{app};
    for (auto* k : {"x", "y", "x"}) test.send(in, k, 1);
    CHECK(got == trace{1, 2, 1, 2, 3, 4});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 4}, {"y", 2}});
}

TEST_CASE("count passes over null values") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto raw = app.topic<string, weir::bytes>("raw");
    auto seen = app.table<string, std::int64_t>("seen");
    auto raws = app.table<string, std::int64_t>("raws");
    trace got;
    app.agent("c", in | weir::count(seen) | into(got));
    app.agent("d", raw | weir::count(raws));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", std::nullopt);
    test.send(in, "y", std::nullopt);
    test.send(in, "x", 2);
    CHECK(got == trace{1, 2});
    CHECK(all_of(seen) == counts{{"x", 2}});
    test.send(raw, "x", weir::bytes{"1"});
    test.send(raw, "x", std::nullopt);
    CHECK(all_of(raws) == counts{{"x", 1}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("count counts keys of any type") {
    counts_keys<string>("", "x");
    counts_keys<int>(0, -1);
    counts_keys<std::int64_t>(1, 1ll << 40);
    counts_keys<double>(0.5, 2);
    counts_keys<color>(color::red, color::green);
    counts_keys<weir::bytes>(weir::bytes{"a"}, weir::bytes{"b"});
}

TEST_CASE("count counts keys that are structs: two are one if their bytes are the same") {
    weir::app app{"a"};
    auto in = app.topic<place, int>("in");
    auto seen = app.table<place, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen));
    test_driver test{app};
    for (auto* city : {"graz", "linz", "graz"}) test.send(in, place{"at", city}, 1);
    test.restart();
    CHECK(seen.size() == 2);
    CHECK(seen.get({"at", "graz"}) == 2);
    CHECK(seen.get({"at", "linz"}) == 1);
}

TEST_CASE("count counts in numbers of any type, and begins with .init") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto small = app.table<string, std::uint8_t>("small", {.init = 7});
    auto broken = app.table<string, double>("broken", {.init = 0.5});
    app.agent("c", in | weir::count(small) | weir::count(broken));
    test_driver test{app};
    for (auto* k : {"x", "x", "y"}) test.send(in, k, 1);
    CHECK(small.get("x") == 9);
    CHECK(small.get("z") == 7);
    CHECK(broken.get("x") == 2.5);
    CHECK(broken.get("y") == 1.5);
    test.restart();
    CHECK(small.get("x") == 9);
    CHECK(broken.get("y") == 1.5);
}

TEST_CASE("count stands behind any operator that keeps the key") {
    const auto each = weir::flat_map(std::identity{});
    constexpr auto any_order = weir::order_by::none;
    counts_behind([](auto in) { return in; });
    counts_behind([](auto in) { return in | weir::map([](int i) { return i + 0.5; }); });
    counts_behind([](auto in) { return in | weir::filter([](int i) { return i == 1; }); });
    counts_behind(
        [](auto in) { return in | weir::process([](int i) { return std::optional{i}; }); });
    counts_behind([](auto in) { return in | weir::scan(0, std::plus{}); });
    counts_behind([](auto in) { return in | weir::enumerate(); });
    counts_behind([](auto in) { return in | weir::items(); });
    counts_behind([](auto in) { return in | weir::events(); });
    counts_behind([](auto in) { return in | weir::tap([](int) {}); });
    counts_behind([](auto in) { return in | weir::echo("copy"); });
    counts_behind([](auto in) { return in | weir::flat_map([](int i) { return numbers{i}; }); });
    counts_behind([](auto in) { return in | weir::map([](int i) { return i; }) | weir::erase(); });
    counts_behind([&](auto in) { return in | weir::take(3, 10s) | each; });
    counts_behind([&](auto in) { return in | weir::map(late, {.concurrency = 1}); });
    counts_behind(
        [&](auto in) { return in | weir::map(late, {.concurrency = 4, .order = any_order}); });
    counts_behind([](auto in) { return in | weir::through("mid"); });
}

TEST_CASE("count behind two streams counts the messages of both in one table") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, double>("other");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    app.agent("c", (in & other) | weir::count(seen) | into(got));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(other, "x", 0.5);
    test.send(other, "y", 0.5);
    test.send(in, "x", 1);
    CHECK(got == trace{1, 2, 1, 3});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(test.committed(other, 0) == committed{2});
    test.restart();
    CHECK(all_of(seen) == counts{{"x", 3}, {"y", 1}});
}

TEST_CASE("count behind group_by counts by the new key") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto seen = app.table<int, std::int64_t>("seen");
    trace got;
    app.agent("c", in | weir::group_by(std::identity{}, "itself") | weir::count(seen) | into(got));
    test_driver test{app};
    for (int i : {4, 5, 4}) test.send(in, "k" + std::to_string(i), i);
    CHECK(got == trace{1, 1, 2});
    CHECK(all_of(seen) == std::map<int, std::int64_t>{{4, 2}, {5, 1}});
    test.restart();
    CHECK(seen.get(4) == 2);
}

TEST_CASE("what count passes on can be collected, awaited, counted again and iterated") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    auto again = app.table<string, std::int64_t>("again");
    std::vector<std::vector<std::int64_t>> got;
    const auto soon = [](std::int64_t n) -> weir::task<std::int64_t> { co_return n * 10; };
    app.agent("c", in | weir::count(seen) | weir::map(soon) | weir::count(again) | weir::take(2) |
                       weir::for_each([&](const weir::batch<std::int64_t>& b) {
                           got.emplace_back(b.begin(), b.end());
                       }));
    test_driver test{app};
    for (int i = 0; i < 4; ++i) test.send(in, "x", 1);
    CHECK(got == std::vector<std::vector<std::int64_t>>{{1, 2}, {3, 4}});
    CHECK(again.get("x") == 4);
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
    test.send(in, "y", 1, {.timestamp = at(5)});
    test.restart();
    test.send(in, "x", 1, {.timestamp = at(25)});
    std::vector<weir::timestamp> times;
    for (auto& e : test.events(out)) times.push_back(e.timestamp());
    CHECK(times == std::vector{at(10), at(30), at(30), at(5), at(30)});
}

TEST_CASE("a message that fails has changed no table") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
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

TEST_CASE("a message that succeeds at its second attempt is counted once") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    trace got;
    int calls = 0;
    app.agent("c",
              in | weir::flat_map(twice) | weir::count(seen) | weir::for_each([&](std::int64_t n) {
                  if (++calls == 2) throw std::runtime_error{"not yet"};
                  got.push_back(int(n));
              }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    test.send(in, "x", 1);
    CHECK(!seen.contains("x"));
    test.advance(1s);
    CHECK(got == trace{1, 1, 2});  // the first attempt got as far as 1
    CHECK(seen.get("x") == 2);
}

TEST_CASE("a dead letter is not counted, also if a later table has counted it") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto seen = app.table<string, std::int64_t>("seen");
    auto again = app.table<string, std::int64_t>("again");
    app.agent("c", in | weir::count(seen) | weir::count(again) | weir::for_each([](std::int64_t n) {
                       if (n == 2) throw std::runtime_error{"two"};
                   }),
              {.on_error = weir::dead_letter("dead")});
    test_driver test{app};
    for (auto* k : {"x", "x", "y"}) test.send(in, k, 1);
    CHECK(all_of(seen) == counts{{"x", 1}, {"y", 1}});
    CHECK(all_of(again) == counts{{"x", 1}, {"y", 1}});
    CHECK(test.events(test.peek<string, int>("dead")).size() == 1);
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 1}, {"y", 1}});
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
