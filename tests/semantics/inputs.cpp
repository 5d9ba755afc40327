// SPDX-License-Identifier: Apache-2.0
// Which of several inputs is read next, where a table depends on the time of messages.
#include "driven.hpp"

#include <algorithm>
#include <cstdint>
#include <random>
#include <stdexcept>

namespace {

using std::string;

weir::timestamp at(std::int64_t ms) { return weir::timestamp{std::chrono::milliseconds{ms}}; }

/// `(a & b) | tap | window | count(per)`. Each value is the time of its message; `order` has them
/// as they come to the window.
struct merged {
    silent hooks{};
    weir::app app;
    weir::topic<string, int> a, b;
    weir::table<weir::windowed<string>, std::int64_t> per;
    trace order{};

    explicit merged(weir::app_options o = {}, weir::partition_id n = 1)
        : app{"m", with(o)},
          a(app.topic<string, int>("a", {.partitions = n})),
          b(app.topic<string, int>("b", {.partitions = n})),
          per(app.table<weir::windowed<string>, std::int64_t>("per")) {
        app.agent("w", (a & b) | weir::tap([this](int v) { order.push_back(v); }) |
                           weir::window(weir::tumbling(1h), weir::grace(0s)) | weir::count(per));
    }
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
    static void append(test_driver& test, const weir::topic<string, int>& to, int time) {
        test.append(to, "k", time, {.partition = 0, .timestamp = at(time)});
    }
};

trace sorted(trace all) {
    std::ranges::sort(all);
    return all;
}

}  // namespace

TEST_CASE("semantics 89: of several inputs, the message with the lowest time goes next") {
    trace first;
    for (const std::size_t most : {1, 2, 3, 7, 100, 4096}) {
        merged m{{.stream_buffer_max = most}};
        test_driver test{m.app};
        std::mt19937 draw{1};
        int of_a = 0, of_b = 0;
        for (int n = 0; n < 1000; ++n) {
            merged::append(test, m.a, of_a += 1 + static_cast<int>(draw() % 9));
            merged::append(test, m.b, of_b += 1 + static_cast<int>(draw() % 5));
        }
        test.run();
        CHECK(m.order.size() == 2000);
        CHECK(m.order == sorted(m.order));
    }
}

TEST_CASE("semantics 89: the order does not depend on how many messages are read at once") {
    trace first;
    for (const std::size_t most : {1, 2, 7, 4096}) {
        merged m{{.stream_buffer_max = most}};
        test_driver test{m.app};
        std::mt19937 draw{2};
        for (int n = 0; n < 1000; ++n) {  // out of order
            merged::append(test, m.a, n + static_cast<int>(draw() % 50));
            merged::append(test, m.b, n + static_cast<int>(draw() % 50));
        }
        test.run();
        CHECK(m.order.size() == 2000);
        if (first.empty()) first = m.order;
        CHECK(m.order == first);
    }
}

TEST_CASE("semantics 89: an input that is far behind is caught up first") {
    merged m;
    test_driver test{m.app};
    for (int n = 0; n < 10; ++n) merged::append(test, m.a, 100'000 + n);
    for (int n = 0; n < 20'000; ++n) merged::append(test, m.b, n);
    test.run();
    CHECK(m.order.size() == 20'010);
    CHECK(m.order == sorted(m.order));
}

TEST_CASE("semantics 89: an input that has nothing is not waited for") {
    merged m;
    test_driver test{m.app};
    const auto before = test.now();
    merged::append(test, m.a, 5);
    merged::append(test, m.a, 7);
    test.run();
    CHECK(m.order == trace{5, 7});
    merged::append(test, m.b, 1);
    test.run();
    CHECK(m.order == trace{5, 7, 1});
    CHECK(test.now() == before);
}

TEST_CASE("semantics 89: an input that was quiet for long is waited for all the same") {
    merged m{{}, 2};
    test_driver test{m.app};
    const auto append = [&](const auto& to, weir::partition_id p, int time) {
        test.append(to, "k", time, {.partition = p, .timestamp = at(time)});
    };
    test.run();
    test.advance(1h);
    for (int n = 0; n < 2; ++n) {  // a turn reads one partition of each topic
        append(m.b, 0, 2);
        append(m.a, 1, 1);
        append(m.b, 1, 2);
        append(m.a, 0, 1);
        test.run();
    }
    CHECK(m.order == trace{1, 2, 1, 2, 1, 2, 1, 2});
}

TEST_CASE("semantics 89: while one input is being given up, the other begins nothing") {
    merged m{{.on_error = weir::retry(100, 1s)}};
    bool fails = false;
    m.app.agent("slow", m.b | weir::for_each([&](int) {
                            if (fails) throw std::runtime_error{"not yet"};
                        }));
    test_driver test{m.app};
    merged::append(test, m.b, 1);
    test.run();
    fails = true;
    merged::append(test, m.b, 2);
    test.run();
    CHECK(m.order == trace{1, 2});
    test.revoke(m.b, 0);
    merged::append(test, m.a, 3);
    test.run();
    CHECK(m.order == trace{1, 2});
    fails = false;
    test.advance(1min);
    test.assign(m.b, 0);
    test.run();
    CHECK(m.order == trace{1, 2, 3});
}

TEST_CASE("semantics 89: where times are equal, the inputs' order counts") {
    merged m;
    test_driver test{m.app};
    for (int n : {1, 3, 3}) test.append(m.b, "k", 10 + n, {.timestamp = at(n)});
    for (int n : {1, 2, 3}) test.append(m.a, "k", n, {.timestamp = at(n)});
    test.run();
    CHECK(m.order == trace{1, 11, 2, 3, 13, 13});
}

TEST_CASE("semantics 89: an input whose messages can't be read is waited for, for a second") {
    merged m{{.stream_buffer_max = 2}};
    bool fails = true;
    m.app.agent("slow", m.b | weir::for_each([&](int) {
                            if (fails) throw std::runtime_error{"not yet"};
                        }),
                {.on_error = weir::retry(1000, 1h)});
    test_driver test{m.app};
    for (int n = 1; n <= 5; ++n) merged::append(test, m.b, n);  // two of them are read
    test.run();
    CHECK(m.order == trace{1, 2});
    merged::append(test, m.a, 10);
    test.run();
    CHECK(m.order == trace{1, 2});
    test.advance(999ms);
    CHECK(m.order == trace{1, 2});
    test.advance(1ms);
    CHECK(m.order == trace{1, 2, 10});
    fails = false;
    test.advance(1h);
    CHECK(m.order == trace{1, 2, 10, 3, 4, 5});
}

TEST_CASE("semantics 89: an input that is lost and regained is read with the others by time") {
    merged m{{.stream_buffer_max = 3}};
    test_driver test{m.app};
    merged::append(test, m.a, 1);
    merged::append(test, m.b, 2);
    test.run();
    test.commit();
    test.commit();
    for (int n = 10; n < 30; n += 2) merged::append(test, m.a, n);
    for (int n = 11; n < 30; n += 2) merged::append(test, m.b, n);
    test.lose(m.b, 0);
    test.run();
    CHECK(m.order == trace{1, 2});  // the table is not here
    test.assign(m.b, 0);
    test.run();
    trace want{1, 2};
    for (int n = 10; n < 30; ++n) want.push_back(n);
    CHECK(m.order == want);
    CHECK(m.per.get({"k", at(0), at(3'600'000)}) == 22);
}

TEST_CASE("semantics 89: a message under retry is waited for") {
    silent hooks;
    weir::app app{"m", {.on_error = weir::retry(3, 10s), .hooks = &hooks}};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    auto b = app.topic<string, int>("b", {.partitions = 1});
    auto per = app.table<weir::windowed<string>, std::int64_t>("per");
    trace order;
    bool fails = true;
    app.agent("w", (a & b) | weir::tap([&](int v) {
                       if (v == 1 && fails) throw std::runtime_error{"once"};
                       order.push_back(v);
                   }) | weir::window(weir::tumbling(1h), weir::grace(0s)) |
                       weir::count(per));
    test_driver test{app};
    test.append(a, "k", 1, {.timestamp = at(1)});
    test.append(b, "k", 2, {.timestamp = at(2)});
    test.run();
    CHECK(order.empty());
    fails = false;
    test.advance(10s);
    CHECK(order == trace{1, 2});
}

TEST_CASE("semantics 89: the time is what the topic takes from the value") {
    weir::app app{"m"};
    struct reading {
        weir::timestamp time{};
    };
    auto a = app.topic<string, reading>("a", {.partitions = 1}).time(&reading::time);
    auto b = app.topic<string, reading>("b", {.partitions = 1}).time(&reading::time);
    auto per = app.table<weir::windowed<string>, std::int64_t>("per");
    trace order;
    app.agent("w", (a & b) | weir::tap([&](const reading& r) {
                       order.push_back(static_cast<int>(r.time.time_since_epoch().count()));
                   }) | weir::window(weir::tumbling(1h), weir::grace(0s)) |
                       weir::count(per));
    test_driver test{app};
    for (int n : {5, 7}) test.append(a, "k", {at(n)}, {.timestamp = at(1)});
    for (int n : {4, 6, 8}) test.append(b, "k", {at(n)}, {.timestamp = at(1)});
    test.run();
    CHECK(order == trace{4, 5, 6, 7, 8});
}

TEST_CASE("semantics 89: two branches of one topic have each message one after the other") {
    weir::app app{"m"};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    auto per = app.table<weir::windowed<string>, std::int64_t>("per");
    trace order;
    app.agent("w", ((a | weir::map([](int v) { return v * 10; })) &
                    (a | weir::map([](int v) { return v * 10 + 1; }))) |
                       weir::tap([&](int v) { order.push_back(v); }) |
                       weir::window(weir::tumbling(1h), weir::grace(0s)) | weir::count(per));
    test_driver test{app};
    for (int n : {3, 1, 2}) test.append(a, "k", n, {.timestamp = at(n)});
    test.run();
    CHECK(order == trace{30, 31, 10, 11, 20, 21});
}

TEST_CASE("semantics 89: where no table depends on time, topics take turns as before") {
    weir::app app{"m"};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    auto b = app.topic<string, int>("b", {.partitions = 1});
    auto all = app.table<string, std::int64_t>("all");
    trace order;
    app.agent("w", (a & b) | weir::tap([&](int v) { order.push_back(v); }) | weir::count(all));
    test_driver test{app};
    for (int n : {1, 3, 5}) test.append(a, "k", n, {.timestamp = at(n)});
    for (int n : {2, 4, 6}) test.append(b, "k", n, {.timestamp = at(n)});
    test.run();
    const bool a_first = order == trace{1, 3, 5, 2, 4, 6};
    const bool b_first = order == trace{2, 4, 6, 1, 3, 5};
    CHECK((a_first || b_first));
}

TEST_CASE("semantics 89: explain says what a message waits for") {
    merged m{{.stream_buffer_max = 1}};
    m.app.agent("slow", m.b | weir::for_each([](int) { throw std::runtime_error{"not yet"}; }),
                {.on_error = weir::retry(1000, 1h)});
    test_driver test{m.app};
    for (int n = 1; n <= 3; ++n) merged::append(test, m.b, n);
    merged::append(test, m.a, 10);
    test.run();
    const auto why = m.app.explain("a", 0);
    REQUIRE(why);
    CHECK(why->why ==
          "it waits for messages of other inputs whose times are lower, or which are still read");
}
