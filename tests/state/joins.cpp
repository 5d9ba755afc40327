// SPDX-License-Identifier: Apache-2.0
// Joins of two streams: what matches, when something goes without a match, what comes too late.
#include "joining.hpp"

#include <random>

#include <weir/transport/memory.hpp>

using namespace std::string_literals;

TEST_CASE("semantics 85: messages of one key that are near enough are joined, whichever is first") {
    joined_streams j;
    j.inner(weir::within(2ms, 5ms), weir::grace(100ms));
    test_driver test{j.app};
    CHECK(j.send(test, j.a, "k", 1, 10) == texts{});
    CHECK(j.send(test, j.b, "k", 2, 8) == texts{"k 1-2 @10"});   // as early as may be
    CHECK(j.send(test, j.b, "k", 3, 15) == texts{"k 1-3 @15"});  // as late as may be
    CHECK(j.send(test, j.b, "k", 4, 7) == texts{});
    CHECK(j.send(test, j.b, "k", 5, 16) == texts{});
    CHECK(j.send(test, j.b, "other", 6, 10) == texts{});
    CHECK(j.send(test, j.a, "k", 7, 9) == texts{"k 7-4 @9", "k 7-2 @9"});
    CHECK(j.send(test, j.a, "k", 8, 11) == texts{"k 8-3 @15", "k 8-5 @16"});
    CHECK(j.send(test, j.a, "other", 9, 12) == texts{"other 9-6 @12"});
}

TEST_CASE("semantics 85: matches come by time, then as they came; duplicates are all kept") {
    joined_streams j;
    j.inner(weir::within(10ms), weir::grace(100ms));
    test_driver test{j.app};
    for (auto [value, time] : {std::pair{1, 12}, {2, 11}, {3, 12}, {4, 10}, {5, 11}, {6, 12}})
        j.send(test, j.b, "k", value, time);
    CHECK(j.send(test, j.a, "k", 0, 5) ==
          texts{"k 0-4 @10", "k 0-2 @11", "k 0-5 @11", "k 0-1 @12", "k 0-3 @12", "k 0-6 @12"});
    CHECK(j.send(test, j.a, "k", 0, 20).size() == 6);
}

TEST_CASE("semantics 86: a pair at the bound is joined, also where a bound is 0") {
    joined_streams j;
    j.inner(weir::within(100ms, 0ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.b, "k", 1, 100);
    j.send(test, j.b, "other", 2, 200);  // at 201 the first one would have gone
    CHECK(j.send(test, j.a, "k", 3, 200) == texts{"k 3-1 @200"});
    CHECK(j.send(test, j.b, "k", 4, 200) == texts{"k 3-4 @200"});
    j.send(test, j.b, "other", 5, 201);
    CHECK(j.send(test, j.a, "k", 6, 200) == texts{"k 6-4 @200"});  // late, and not too late for 4
    CHECK(j.send(test, j.b, "k", 7, 200) == texts{});              // 6 was not held
    CHECK(j.hooks.late_ones.empty());
    CHECK(j.send(test, j.a, "other", 8, 200) == texts{"other 8-2 @200"});
    CHECK(j.send(test, j.a, "third", 9, 200) == texts{});
    CHECK(j.hooks.late_ones.size() == 1);
}

TEST_CASE(
    "semantics 86: what has found no match is passed on when its time is over, never before") {
    joined_streams j;
    j.outer(weir::within(5ms, 10ms), weir::grace(3ms));
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 100);  // until 113
    j.send(test, j.b, "l", 2, 101);  // until 109
    CHECK(j.send(test, j.a, "m", 3, 109) == texts{});
    CHECK(j.send(test, j.b, "m", 4, 110) == texts{"l null-2 @101", "m 3-4 @110"});
    CHECK(j.send(test, j.b, "m", 5, 113) == texts{"m 3-5 @113"});
    CHECK(j.send(test, j.b, "k", 6, 110) == texts{"k 1-6 @110"});  // late, and not too late
    CHECK(j.send(test, j.a, "m", 7, 200) == texts{});              // all have had a match
}

TEST_CASE("semantics 86: a left join passes on left messages alone, a join neither") {
    joined_streams left, inner;
    left.left(weir::within(5ms), weir::grace(0ms));
    inner.inner(weir::within(5ms), weir::grace(0ms));
    test_driver test{left.app}, other{inner.app};
    for (auto* j : {&left, &inner}) {
        auto& t = j == &left ? test : other;
        j->send(t, j->a, "k", 1, 10);
        j->send(t, j->b, "k", 2, 20);
        j->send(t, j->b, "k", 3, 100);
    }
    CHECK(inner.out == texts{});
    joined_streams again;
    again.left(weir::within(5ms), weir::grace(0ms));
    test_driver third{again.app};
    again.send(third, again.a, "k", 1, 10);
    CHECK(again.send(third, again.b, "k", 2, 20) == texts{"k 1-null @10"});
    CHECK(again.send(third, again.b, "k", 3, 100) == texts{});
}

TEST_CASE("semantics 85: what goes at once goes by time, the right side first, then by key") {
    joined_streams j;
    j.outer(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.a, "b", 1, 102);
    j.send(test, j.a, "a", 2, 102);
    j.send(test, j.a, "a", 3, 102);
    j.send(test, j.b, "c", 4, 102);
    j.send(test, j.a, "d", 5, 101);
    j.send(test, j.b, "e", 6, 103);
    CHECK(j.send(test, j.b, "x", 7, 1000) == texts{"d 5-null @101", "c null-4 @102",
                                                   "a 2-null @102", "a 3-null @102",
                                                   "b 1-null @102", "e null-6 @103"});
}

TEST_CASE("semantics 85: one that comes too late is joined and not held") {
    joined_streams j;
    j.left(weir::within(10ms), weir::grace(5ms));
    test_driver test{j.app};
    j.send(test, j.b, "k", 1, 100);
    j.send(test, j.b, "l", 2, 110);
    CHECK(j.send(test, j.a, "k", 3, 94) == texts{"k 3-1 @100"});    // 94 + 15 < 110
    CHECK(j.send(test, j.a, "k", 4, 80) == texts{"k 4-null @80"});  // passed on at once
    CHECK(j.send(test, j.b, "k", 5, 80) == texts{});                // late
    CHECK(j.send(test, j.b, "k", 6, 94) == texts{});                // 3 is not held
    CHECK(j.hooks.late_ones == texts{"b@2 [70, 90) by 15", "b@3 [84, 104) by 1"});
    CHECK(j.app.counters().late == 2);
}

TEST_CASE("semantics 86: late messages go to .late as they came") {
    joined_streams j;
    j.inner(weir::within(10ms), weir::grace(5ms), {.late = "late"});
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 100);
    j.send(test, j.b, "k", 2, 50);
    j.send(test, j.b, "k", 3, 99);
    const auto late = test.events(test.peek<string, int>("late"));
    REQUIRE(late.size() == 1);
    CHECK(late[0].key() == "k");
    CHECK(late[0].value() == 2);
    CHECK(late[0].timestamp() == at(50));
    CHECK(late[0].headers()[0] == weir::header{"weir.late-table", "j-join"});
    CHECK(late[0].headers()[3] == weir::header{"weir.late-by-ms", "35"});
}

TEST_CASE("semantics 85: a message without a key matches nothing") {
    lateness hooks;
    weir::app app{"app", {.hooks = &hooks}};
    auto a = app.topic<std::optional<string>, int>("a", {.partitions = 1});
    auto b = app.topic<std::optional<string>, int>("b", {.partitions = 1});
    texts out;
    const auto into = weir::for_each([&](auto& e) {
        out.push_back(e.key().value_or("none") + ' ' + e.value() + " @" + ms(e.timestamp()));
    });
    app.agent("o", a | weir::outer_join(b, weir::within(5ms), weir::grace(0ms), text_of_both) |
                       weir::events() | into);
    test_driver test{app};
    test.send(a, "k", 1, {.timestamp = at(10)});
    test.send(a, std::nullopt, 2, {.timestamp = at(16)});  // moves the time
    CHECK(out == texts{"k 1-null @10", "none 2-null @16"});
    test.send(b, std::nullopt, 3, {.timestamp = at(16)});
    CHECK(out.back() == "none null-3 @16");
    CHECK(app.counters().passed_over == 0);
}

TEST_CASE("semantics 85: an inner side passes over a message without a key, and tells") {
    weir::app app{"app"};
    auto a = app.topic<std::optional<string>, int>("a", {.partitions = 1});
    auto b = app.topic<std::optional<string>, int>("b", {.partitions = 1});
    texts out;
    app.agent("l", a | weir::left_join(b, weir::within(5ms), weir::grace(0ms), text_of_left) |
                       weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    test.send(b, std::nullopt, 1, {.timestamp = at(10)});
    test.send(a, std::nullopt, 2, {.timestamp = at(10)});
    CHECK(out == texts{"2-null"});
    CHECK(app.counters().passed_over == 1);
}

TEST_CASE("semantics 52: a null value is joined with nothing, and moves the time") {
    weir::app app{"app"};
    auto a = app.topic<string, std::optional<int>>("a", {.partitions = 1});
    auto b = app.topic<string, int>("b", {.partitions = 1});
    texts out;
    app.agent("l", a | weir::left_join(b, weir::within(5ms), weir::grace(0ms), text_of_left) |
                       weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    test.send(a, "k", std::nullopt, {.timestamp = at(1)});
    test.send(b, "k", 1, {.timestamp = at(1)});
    test.send(a, "k", 2, {.timestamp = at(2)});
    CHECK(out == texts{"2-1"});
    test.send(a, "l", 3, {.timestamp = at(2)});
    test.send(a, "k", std::nullopt, {.timestamp = at(8)});
    CHECK(out == texts{"2-1", "3-null"});
    CHECK(app.counters().passed_over == 2);
}

TEST_CASE("semantics 72: the time of a join is that of both streams, with what a filter drops") {
    joined_streams j;
    j.app.agent("j", (j.a | weir::filter([](int v) { return v > 0; })) |
                         weir::left_join(j.b, weir::within(5ms), weir::grace(0ms), text_of_left) |
                         weir::events() | j.into_out());
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    CHECK(j.send(test, j.a, "k", 0, 15) == texts{});
    CHECK(j.send(test, j.a, "k", 0, 16) == texts{"k 1-null @10"});
}

TEST_CASE("semantics 54: a message that fails has joined nothing, and has not moved the time") {
    joined_streams j{{.on_error = weir::skip}};
    j.inner(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    j.on_result = [](const string&) { throw std::runtime_error{"no"}; };
    j.send(test, j.b, "k", 2, 12);
    j.on_result = {};
    CHECK(j.send(test, j.a, "k", 3, 12) == texts{});  // 2 is not held
    CHECK(j.send(test, j.b, "k", 4, 13) == texts{"k 1-4 @13", "k 3-4 @13"});
}

TEST_CASE(
    "semantics 78: a result that fails stops the app, and the message behind it is read again") {
    joined_streams j;
    j.left(weir::within(5ms), weir::grace(0ms));
    {
        test_driver test{j.app};
        j.send(test, j.a, "k", 1, 10);
        j.on_result = [](const string&) { throw std::runtime_error{"no"}; };
        j.send(test, j.a, "l", 2, 20);
        REQUIRE(test.errors().size() == 1);
        CHECK(!test.running());
        CHECK(test.committed(j.a, 0) == 1);
        j.on_result = {};
        j.out.clear();
        test.restart();
        test.run();
        CHECK(j.out == texts{"k 1-null @10"});
    }
}

TEST_CASE("semantics 78: a result that is skipped is lost alone; its dead letter has both sides") {
    joined_streams j{{.on_error = weir::dead_letter("dead")}};
    j.outer(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    j.send(test, j.b, "k", 2, 10);
    j.on_result = [](const string& s) {
        if (s == "k 1-3 @11") throw std::runtime_error{"no"};
    };
    j.send(test, j.b, "k", 3, 11);
    CHECK(j.send(test, j.a, "k", 4, 12) == texts{"k 4-2 @12", "k 4-3 @12"});
    const auto dead = test.events(test.peek<string, string>("dead"));
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].key() == "k");
    CHECK(dead[0].value() == R"({"left":1,"right":3})");
}

TEST_CASE("what was removed by a message that fails goes with the next one") {
    joined_streams j{{.on_error = weir::skip}};
    bool fails = false;
    texts out;
    const auto pairs = j.a | weir::join(j.b, weir::within(5ms), weir::grace(0ms), text_of_pair);
    j.app.agent("j", pairs, [&](auto stream) -> weir::task<> {
        while (auto s = co_await stream.next()) {
            co_await weir::sleep(1s);
            if (fails) throw std::runtime_error{"no"};
            out.push_back(*s);
        }
    });
    test_driver test{j.app};
    auto held = j.app.table<string, weir::detail::joined_sides<int, int>>("j-join");
    test.send(j.a, "k", 1, {.timestamp = at(10)});
    test.send(j.b, "l", 2, {.timestamp = at(1000)});
    fails = true;
    test.send(j.a, "l", 3, {.timestamp = at(1001)});
    test.advance(1s);
    fails = false;
    for (int n = 0; n < 3; ++n) test.send(j.b, "m", 4, {.timestamp = at(2000 + n)});
    CHECK(out == texts{});
    CHECK(held.size() == 1);  // those of m alone
}

TEST_CASE("what is held is there after a restart, with its matches") {
    joined_streams j;
    j.outer(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    j.send(test, j.a, "l", 2, 10);
    j.send(test, j.b, "k", 3, 11);
    test.restart();
    CHECK(j.send(test, j.b, "k", 4, 12) == texts{"k 1-4 @12"});
    CHECK(j.send(test, j.a, "x", 5, 100) == texts{"l 2-null @10"});
}

TEST_CASE("semantics 60: after a crash no match is counted as none") {
    joined_streams j;
    j.outer(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    test.commit();
    test.commit();
    j.send(test, j.b, "k", 2, 11);
    test.kill(j.app);
    j.out.clear();
    test.restart();
    test.run();
    CHECK(j.out == texts{"k 1-2 @11"});
    CHECK(j.send(test, j.a, "x", 5, 100) == texts{});
}

TEST_CASE("semantics 77: on quiet partitions the clock passes on what has found no match") {
    joined_streams j;
    j.left(weir::within(5ms), weir::grace(1ms), {.idle = 10s});
    test_driver test{j.app};
    j.send(test, j.a, "k", 1, 10);
    j.send(test, j.b, "l", 2, 10);
    test.advance(10s + 6ms);
    CHECK(j.out == texts{});
    test.advance(1ms);
    CHECK(j.out == texts{"k 1-null @10"});
    CHECK(j.send(test, j.b, "k", 3, 10) == texts{});
    CHECK(j.hooks.late_ones.size() == 1);
    test.restart();
    CHECK(j.send(test, j.b, "k", 4, 10) == texts{});  // the time is restored
    CHECK(j.hooks.late_ones.size() == 2);
}

TEST_CASE(
    "semantics 58: a join whose bounds or kind have changed is refused, another grace is not") {
    const weir::app_options shared{.broker = "memory://joins-other"};
    const auto broker = weir::transport::memory_broker::named("joins-other");
    const auto start =
        "weir: the changelog of table 'j-join', app-j-join-changelog[0] at 0 says that it "
        "is written by join within 5 ms, and this is a "s;
    const auto end = ": join as before, or give the agent another name, and the join begins anew"s;
    {
        joined_streams one{shared};
        one.inner(weir::within(5ms), weir::grace(0ms));
        test_driver test{one.app};
        one.send(test, one.a, "k", 1, 10);
    }
    joined_streams two{shared};
    two.inner(weir::within(5ms, 6ms), weir::grace(0ms));
    CHECK_THROWS_WITH(two.app.run(),
                      (start + "join within 5 ms before and 6 ms after" + end).c_str());
    joined_streams three{shared};
    three.left(weir::within(5ms), weir::grace(0ms));
    CHECK_THROWS_WITH(three.app.run(), (start + "left_join within 5 ms" + end).c_str());
    joined_streams four{shared};
    four.inner(weir::within(5ms), weir::grace(7ms));
    test_driver test{four.app};
    CHECK(four.send(test, four.b, "k", 2, 11) == texts{"k 1-2 @11"});
}

TEST_CASE("semantics 89: what is joined does not depend on how much is read at once") {
    texts first;
    for (const std::size_t most : {1, 3, 4096}) {
        joined_streams j{{.stream_buffer_max = most}};
        j.outer(weir::within(20ms, 10ms), weir::grace(5ms));
        test_driver test{j.app};
        std::mt19937 draw{5};
        for (int n = 0; n < 1500; ++n) {
            const auto key = "k" + std::to_string(draw() % 20);
            const auto& to = draw() % 2 == 0 ? j.a : j.b;
            test.append(to, key, n, {.timestamp = at(n + static_cast<int>(draw() % 30))});
        }
        test.run();
        if (first.empty()) first = j.out;
        CHECK(!first.empty());
        CHECK(j.out == first);
    }
}
