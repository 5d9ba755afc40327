// SPDX-License-Identifier: Apache-2.0
// Asynchronous calls: how many at once, in which order their results go on, what is committed.
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

using weir::order_by;

namespace {

using items = std::vector<std::pair<std::string, int>>;

/// Takes as many seconds as its argument says.
weir::task<int> slow(int n) {
    co_await weir::sleep(std::chrono::seconds{n});
    co_return n;
}

}  // namespace

TEST_CASE("semantics 47: with order none results go on as they come, and commits stay right") {
    weir::app app{"as"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::map(slow, {.concurrency = 3, .order = order_by::none}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n : {9, 1, 5, 1}) test.append(in, "k", n);
    test.run();
    test.advance(1s);
    CHECK(seen == trace{1});
    test.commit();
    CHECK(test.committed(in, 0) == nothing);  // the first is under way
    test.advance(1s);
    CHECK(seen == trace{1, 1});
    CHECK(test.held(in, 0) == 2);
    test.advance(3s);
    test.commit();
    CHECK(seen == trace{1, 1, 5});
    CHECK(test.committed(in, 0) == nothing);
    test.advance(4s);
    test.commit();
    CHECK(seen == trace{1, 1, 5, 9});
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("semantics 47: with order key results keep the order of their key, calls of one key are "
          "made one after another") {
    weir::app app{"as"};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::string, int>("out");
    trace begun;
    app.agent("a", in |
                       weir::map(
                           [&](int n) -> weir::task<int> {
                               begun.push_back(n);
                               co_await weir::sleep(std::chrono::seconds{n});
                               co_return n;
                           },
                           {.concurrency = 3, .order = order_by::key}) |
                       weir::to(out));
    test_driver test{app};
    test.append(in, "a", 9);
    test.append(in, "a", 1);
    test.append(in, "b", 2);
    test.append(in, "c", 3);
    test.append(in, "b", 4);
    test.run();
    CHECK(begun == trace{9, 2, 3});
    test.advance(2s);
    CHECK(begun == trace{9, 2, 3, 4});
    CHECK(test.items(out) == items{{"b", 2}});
    test.advance(60s);
    test.commit();
    CHECK(begun == trace{9, 2, 3, 4, 1});
    CHECK(test.items(out) == items{{"b", 2}, {"c", 3}, {"b", 4}, {"a", 9}, {"a", 1}});
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("semantics 47: the key is kept beyond a boundary, too") {
    weir::app app{"as"};
    auto in = app.topic<std::string, int>("in");
    trace seen;
    app.agent("a", in | weir::map(slow, {.concurrency = 4}) |
                       weir::map(slow, {.concurrency = 4, .order = order_by::key}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    const std::string a = "a key that is longer than a small string", b = a + ", another one";
    test.append(in, a, 3);
    test.append(in, a, 1);
    test.append(in, b, 2);
    test.run();
    test.advance(60s);
    CHECK(seen == trace{2, 3, 1});
}

TEST_CASE("semantics 47: a failing call does not block others, where the order allows it") {
    for (const auto order : {order_by::none, order_by::key}) {
        silent quiet;
        weir::app app{"as", {.hooks = &quiet}};
        auto in = app.topic<std::string, int>("in");
        trace seen;
        int calls = 0;
        app.agent("a",
                  in |
                      weir::map(
                          [&](int n) -> weir::task<int> {
                              co_await weir::sleep(1s);
                              if (n == 0 && ++calls < 3) throw std::runtime_error{"not yet"};
                              co_return n;
                          },
                          {.concurrency = 2, .order = order}) |
                      weir::for_each([&](int n) { seen.push_back(n); }),
                  {.on_error = weir::retry(5, 10s)});
        test_driver test{app};
        for (int n = 0; n < 4; ++n) test.append(in, "k" + std::to_string(n), n);
        test.run();
        test.advance(5s);
        test.commit();
        CHECK(seen == trace{1, 2, 3});
        CHECK(test.committed(in, 0) == nothing);
        test.advance(60s);
        test.commit();
        CHECK(calls == 3);
        CHECK(seen == trace{1, 2, 3, 0});
        CHECK(test.committed(in, 0) == 4);
        CHECK(test.errors().empty());
    }
}

TEST_CASE("semantics 47: one that fails for good is skipped, and its key goes on") {
    silent quiet;
    weir::app app{"as", {.hooks = &quiet}};
    auto in = app.topic<std::string, int>("in");
    trace seen;
    app.agent("a", in |
                       weir::map(
                           [](int n) -> weir::task<int> {
                               co_await weir::sleep(1s);
                               if (n == 1) throw std::runtime_error{"one"};
                               co_return n;
                           },
                           {.concurrency = 4, .order = order_by::key}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    test.advance(60s);
    test.commit();
    CHECK(seen == trace{0, 2, 3});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].offset == 1);
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("semantics 47: after drain_timeout a call of a revoked partition keeps none waiting") {
    weir::app app{"as", {.drain_timeout = 10s}};
    auto in = app.topic<int>("in", {.partitions = 2});
    trace seen;
    app.agent("a", in | weir::map(slow, {.concurrency = 1}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.send(in, "k", 1000, {.partition = 0});
    test.send(in, "k", 1, {.partition = 1});
    test.revoke(in, 0);
    test.advance(9s);
    CHECK(seen.empty());
    test.advance(3s);
    CHECK(seen == trace{1});
    test.advance(2000s);
    CHECK(seen == trace{1});
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    CHECK(test.committed(in, 1) == 1);
}

TEST_CASE("semantics 47: calls that complete at once are worked off, whatever the order") {
    for (const auto order : {order_by::all, order_by::none, order_by::key}) {
        weir::app app{"as"};
        auto in = app.topic<std::string, std::string>("in");
        texts seen;
        app.agent("a", in |
                           weir::map(
                               [](std::string s) -> weir::task<std::string> {
                                   co_return s + ", and this makes it longer than a small string";
                               },
                               {.order = order}) |
                           weir::for_each([&](const std::string& s) { seen.push_back(s); }));
        test_driver test{app};
        for (int n = 0; n < 1000; ++n) test.append(in, std::to_string(n % 7), std::to_string(n));
        test.run();
        test.commit();
        REQUIRE(seen.size() == 1000);
        CHECK(seen[999] == "999, and this makes it longer than a small string");
        CHECK(test.committed(in, 0) == 1000);
    }
}

TEST_CASE("semantics 47: calls that are cancelled at the end of a run leave nothing behind") {
    weir::app app{"as", {.shutdown_timeout = 5s}};
    auto in = app.topic<std::string>("in");
    int gone = 0;
    struct counts {
        int& n;
        ~counts() { ++n; }
    };
    app.agent("a", in | weir::map(
                            [&](std::string s) -> weir::task<std::string> {
                                const counts c{gone};
                                co_await slow(3600);
                                co_return s;
                            },
                            {.concurrency = 3}));
    test_driver test{app};
    for (int n = 0; n < 5; ++n)
        test.append(in, "k", "a value on the heap, number " + std::to_string(n));
    test.run();
    test.stop();
    CHECK(gone == 3);
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("order_by::key on a stream without keys is told once, by its first message without one") {
    const auto lines = [](auto make, weir::order_by order, std::size_t concurrency) {
        silent hooks;
        weir::app app{"as", {.hooks = &hooks}};
        app.agent("pay", make(app) | weir::map(slow, {.concurrency = concurrency, .order = order}));
        test_driver test{app};
        for (int n = 0; n < 3; ++n) test.append_raw("in", "k", weir::bytes_view{"\0\0\0\1", 4});
        test.advance(10s);
        CHECK(hooks.lines.empty());
        for (int n = 0; n < 3; ++n) test.append_raw("in", {}, weir::bytes_view{"\0\0\0\1", 4});
        test.advance(10s);
        return hooks.lines;
    };
    const auto raw = [](weir::app& app) { return app.topic<int>("in"); };
    const auto optional = [](weir::app& app) {
        return app.topic<std::optional<std::string>, int>("in");
    };
    const texts told{
        "agent 'pay': map async(4) orders by key, and there is a message without one: messages "
        "without a key count as one key, so one call of them at a time is made; put group_by "
        "before it, or order by order_by::all or none"};
    CHECK(lines(raw, order_by::key, 4) == told);
    CHECK(lines(raw, order_by::key, 1).empty());
    CHECK(lines(raw, order_by::none, 4).empty());
    CHECK(lines(optional, order_by::key, 4).empty());  // its type says that there may be none
    silent hooks;
    weir::app app{"as", {.hooks = &hooks}};
    app.agent("pay", weir::from(trace{1, 2, 3}) |
                         weir::map(slow, {.concurrency = 4, .order = order_by::key}));
    test_driver test{app};
    test.advance(10s);
    CHECK(hooks.lines == told);
}

TEST_CASE("semantics 39: an asynchronous callable may give the key of a group_by") {
    weir::app app{"as"};
    auto in = app.topic<int>("in", {.partitions = 2});
    items seen;
    const auto parity = [](int n) -> weir::task<std::string> {
        co_await weir::sleep(std::chrono::seconds{n});
        co_return n % 2 ? "odd" : "even";
    };
    app.agent("a",
              in | weir::group_by(parity, {.name = "parity", .partitions = 3, .concurrency = 4}) |
                  weir::for_each([&](int n) { seen.emplace_back("", n); }));
    test_driver test{app};
    const auto there = test.peek<std::string, int>("as-a-parity-repartition");
    CHECK(test.partitions(there) == 3);
    const auto when = weir::timestamp{1234ms};
    test.append(in, "k", 3, {.partition = 0, .timestamp = when, .headers = {{"h", "v"}}});
    test.append(in, "k", 2, {.partition = 0});
    test.run();
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    test.advance(3s);
    test.commit();
    CHECK(test.items(there) == items{{"odd", 3}, {"even", 2}});
    CHECK(test.events(there)[0].timestamp() == when);
    CHECK(test.events(there)[0].headers() == weir::headers{{"h", "v"}});
    CHECK(test.committed(in, 0) == 2);
    CHECK(seen.size() == 2);
}

TEST_CASE("semantics 39: with another order an asynchronous key is sent when it is known") {
    silent quiet;
    weir::app app{"as", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    const auto key = [](int n) -> weir::task<int> {
        if (n == 7) throw std::runtime_error{"no key"};
        co_return co_await slow(n);
    };
    app.agent("a",
              in | weir::group_by(key, {.name = "n", .concurrency = 4, .order = order_by::none}));
    test_driver test{app};
    for (int n : {3, 7, 1, 2}) test.append(in, "k", n);
    test.run();
    test.advance(10s);
    test.commit();
    const auto there = test.peek<int, int>("as-a-n-repartition");
    CHECK(test.items(there) == std::vector<std::pair<int, int>>{{1, 1}, {2, 2}, {3, 3}});
    CHECK(test.errors().size() == 1);
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("semantics 39: an asynchronous key in mid-pipeline, behind and before a take") {
    weir::app app{"as"};
    auto in = app.topic<int>("in");
    std::vector<trace> seen;
    const auto key = [](int n) -> weir::task<int> { co_return co_await slow(n % 2); };
    app.agent("a",
              in | weir::take(2, 10s) | weir::flat_map(std::identity{}) |
                  weir::group_by(key, {.name = "n", .partitions = 1}) | weir::take(3, 10s) |
                  weir::for_each([&](const weir::batch<int>& b) { seen.push_back(b.values()); }));
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    test.advance(2s);
    CHECK(seen == std::vector<trace>{{0, 1, 2}});
    test.stop();
    CHECK(seen == std::vector<trace>{{0, 1, 2}, {3}});
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("an argument whose copying throws leaves no place behind") {
    static bool throws;
    static std::vector<const void*> places;  // where it was to be copied to
    throws = false;
    places.clear();
    struct bad {
        bad() = default;
        bad(const bad&) {
            if (throws) places.push_back(this), throw std::runtime_error{"cannot be copied"};
        }
        bad(bad&&) noexcept {}
        bad& operator=(bad&&) noexcept { return *this; }
    };
    silent quiet;
    weir::app app{"as", {.hooks = &quiet}};
    app.agent("a", weir::from(std::vector<bad>(3)) | weir::tap([](const bad&) { throws = true; }) |
                       weir::map([](const bad&) -> weir::task<int> { co_return 1; }) |
                       weir::for_each([](int) {}));
    app.run();
    CHECK(app.counters().process.skipped == 3);
    REQUIRE(places.size() == 3);
    CHECK(places[1] == places[0]);
    CHECK(places[2] == places[0]);
}
