// SPDX-License-Identifier: Apache-2.0
// Windows: which messages are in them, when they close, what comes too late.
#include "windowing.hpp"

TEST_CASE("semantics 73: a tumbling window closes when stream time reaches its end and the grace") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(5ms))};
    test_driver test{c.app};
    c.send(test, "a", 1);
    c.send(test, "b", 9);
    c.send(test, "a", 12);
    c.send(test, "a", 3);  // late, and within the grace
    c.send(test, "a", 14);
    CHECK(c.out.empty());
    c.send(test, "a", 15);
    CHECK(c.out == texts{"a [0, 10) 2 @3", "b [0, 10) 1 @9"});
    c.send(test, "a", 9);
    CHECK(c.hooks.late_ones == texts{"in@6 [0, 10) by 0"});
    CHECK(c.app.counters().late == 1);
}

TEST_CASE("semantics 74: what a jump of time closes is passed on, by end, start and key") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(0ms))};
    test_driver test{c.app};
    c.send(test, "b", 5);
    c.send(test, "a", 7);
    test.append(c.in, "c", 1, {.timestamp = at(1'000'000)});
    test.run();
    CHECK(c.out == texts{"a [0, 10) 1 @7", "b [0, 10) 1 @5"});
    CHECK(c.per.size() == 1);
}

TEST_CASE("semantics 71: hopping windows start at multiples of the advance, none below zero") {
    window_counts c{weir::window(weir::hopping(10ms, 4ms), weir::grace(0ms))};
    test_driver test{c.app};
    c.send(test, "a", 5);   // in [0, 10) [4, 14)
    c.send(test, "a", 12);  // in [4, 14) [8, 18) [12, 22), and [0, 10) closes
    CHECK(c.out == texts{"a [0, 10) 1 @5"});
    c.send(test, "a", 18);  // closes [4, 14) [8, 18)
    CHECK(c.out == texts{"a [0, 10) 1 @5", "a [4, 14) 2 @12", "a [8, 18) 1 @12"});
}

TEST_CASE("semantics 71: an offset moves the starts") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(0ms), {.offset = 3ms})};
    test_driver test{c.app};
    c.send(test, "a", 1);  // before the first window
    c.send(test, "a", 12);
    c.send(test, "a", 13);
    CHECK(c.out == texts{"a [3, 13) 1 @12"});
}

TEST_CASE("semantics 73: too late for some windows, a message counts in the others") {
    window_counts c{weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms))};
    test_driver test{c.app};
    c.send(test, "a", 12);
    c.send(test, "a", 8);  // too late for [0, 10), not for [5, 15)
    c.send(test, "a", 20);
    CHECK(c.hooks.late_ones == texts{"in@1 [0, 10) by 2"});
    CHECK(c.out == texts{"a [5, 15) 2 @12", "a [10, 20) 1 @12"});
}

TEST_CASE("semantics 74: on_update passes on each change and nothing when a window closes") {
    window_counts c{weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms), weir::on_update)};
    test_driver test{c.app};
    c.send(test, "a", 7);
    CHECK(c.out == texts{"a [0, 10) 1 @7", "a [5, 15) 1 @7"});
    c.send(test, "a", 2);
    CHECK(c.out.back() == "a [0, 10) 2 @7");
    c.out.clear();
    c.send(test, "b", 100);
    CHECK(c.out == texts{"b [95, 105) 1 @100", "b [100, 110) 1 @100"});
    CHECK(c.per.size() == 2);  // what has closed is forgotten
}

TEST_CASE("semantics 72: a message that a filter drops moves the time, too") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::filter([](int i) { return i > 0; }) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 0, {.timestamp = at(10)});
    CHECK(out == texts{"a [0, 10) 1"});
    test.send(in, "a", 1, {.timestamp = at(9)});
    CHECK(hooks.late_ones == texts{"in@2 [0, 10) by 0"});
}

TEST_CASE("semantics 72: each partition has its own time, and keeps it over a restart") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(0ms)), weir::app_options{}, 2};
    test_driver test{c.app};
    test.send(c.in, "a", 1, {.partition = 0, .timestamp = at(1)});
    test.send(c.in, "a", 1, {.partition = 1, .timestamp = at(50)});
    CHECK(c.out.empty());
    test.restart();
    test.send(c.in, "a", 1, {.partition = 1, .timestamp = at(49)});
    CHECK(c.hooks.late_ones == texts{"in@1 [40, 50) by 0"});
    test.send(c.in, "a", 1, {.partition = 0, .timestamp = at(9)});
    test.send(c.in, "a", 1, {.partition = 0, .timestamp = at(10)});
    CHECK(c.out == texts{"a [0, 10) 2 @9"});
}

TEST_CASE("semantics 76: a session grows, bridges two, and closes behind its gap and grace") {
    session_counts c{weir::window(weir::session(5ms), weir::grace(10ms))};
    test_driver test{c.app};
    c.send(test, "a", 10);
    c.send(test, "a", 15);  // at the gap: the same
    c.send(test, "a", 25);  // another one
    CHECK(c.per.get("a").size() == 2);
    c.send(test, "a", 20);  // bridges them
    CHECK(c.per.get("a").size() == 1);
    CHECK(c.per.get("a")[0] == weir::open_session<std::int64_t>{at(10), at(25), 4});
    c.send(test, "b", 40);
    CHECK(c.out.empty());
    c.send(test, "b", 41);
    CHECK(c.out == texts{"a [10, 25] 4 @25"});
    c.send(test, "a", 25);  // alone, since its session has closed
    CHECK(c.hooks.late_ones == texts{"in@6 [25, 25] by 1"});
}

TEST_CASE("semantics 76: a message that reaches an open session is not late, however old it is") {
    session_counts c{weir::window(weir::session(5ms), weir::grace(0ms))};
    test_driver test{c.app};
    c.send(test, "a", 10);
    c.send(test, "b", 15);
    c.send(test, "a", 6);
    CHECK(c.hooks.late_ones.empty());
    CHECK(c.per.get("a")[0] == weir::open_session<std::int64_t>{at(6), at(10), 2});
}

TEST_CASE("semantics 76: on_update, a session whose bounds change is withdrawn first") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<string, weir::sessions<int>>("per");
    texts out;
    app.agent("w", in | weir::window(weir::session(5ms), weir::grace(20ms), weir::on_update) |
                       weir::aggregate(
                           per, [](int& sum, int i) { sum += i; }, [](int& a, int b) { a += b; }) |
                       weir::items() | weir::for_each([&](auto& i) {
                           out.push_back(text_of_session(i.key()) +
                                         (i.value() ? std::to_string(*i.value()) : "none"));
                       }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(10)});
    test.send(in, "a", 2, {.timestamp = at(18)});
    CHECK(out == texts{"a [10, 10] 1", "a [18, 18] 2"});
    out.clear();
    test.send(in, "a", 4, {.timestamp = at(14)});
    CHECK(out == texts{"a [10, 10] none", "a [18, 18] none", "a [10, 18] 7"});
    out.clear();
    test.send(in, "a", 8, {.timestamp = at(12)});
    CHECK(out == texts{"a [10, 18] 15"});
    test.send(in, "b", 1, {.timestamp = at(100)});
    CHECK(per.size() == 1);
}

TEST_CASE("semantics 78: a result that fails stops the app; the message that closed it is read "
          "again, and no other result is lost") {
    lateness hooks;
    weir::app_options shared{.broker = "memory://windows-fail", .hooks = &hooks};
    const auto make = [](weir::app& app, texts& out, bool fails) {
        auto in = app.topic<string, int>("in", {.partitions = 1});
        auto per = app.table<per_key, std::int64_t>("per");
        app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0ms)) |
                           weir::count(per) | weir::items() |
                           weir::for_each([&out, fails](auto& i) {
                               if (fails && i.key().key == "b") throw std::runtime_error{"no"};
                               out.push_back(text(i));
                           }));
        return in;
    };
    texts out, again;
    weir::app one{"a", shared}, two{"a", shared};
    auto in = make(one, out, true);
    make(two, again, false);
    test_driver test{one};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 1, {.timestamp = at(2)});
    test.send(in, "c", 1, {.timestamp = at(10)});
    CHECK(!test.running());
    CHECK(out == texts{"a [0, 10) 1"});
    test.add(two);
    CHECK(again == texts{"a [0, 10) 1", "b [0, 10) 1"});
}

TEST_CASE("semantics 78: a dead letter of a result carries the result") {
    lateness hooks;
    weir::app app{"a", {.on_error = weir::dead_letter("bad"), .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    auto bad = app.topic<per_key, std::int64_t>("bad");
    texts out;
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) {
                           if (i.key().key == "b") throw std::runtime_error{"no"};
                           out.push_back(text(i));
                       }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 1, {.timestamp = at(2)});
    test.send(in, "c", 1, {.timestamp = at(10)});
    CHECK(out == texts{"a [0, 10) 1"});
    const auto letters = test.events(bad);
    REQUIRE(letters.size() == 1);
    CHECK(text(letters[0].key(), letters[0].value()) == "b [0, 10) 1");
    CHECK(app.counters().process.dead_lettered == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("semantics 73: a late message goes to .late as it came, once for each window") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    auto late = app.topic<string, int>("late");
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(2ms), {.late = "late"}) |
                       weir::count(per));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(30)});
    test.send(in, "b", 7, {.timestamp = at(4), .headers = {{"mine", "x"}}});
    const auto sent = test.events(late);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].key() == "b");
    CHECK(sent[0].value() == 7);
    CHECK(sent[0].timestamp() == at(4));
    CHECK(sent[0].headers() == weir::headers{{"mine", "x"},
                                             {"weir.late-table", "per"},
                                             {"weir.late-window-start", "0"},
                                             {"weir.late-window-end", "10"},
                                             {"weir.late-by-ms", "18"}});
    CHECK(hooks.late_ones.size() == 1);
}

TEST_CASE("semantics 54: a message that fails is in no window, and has not moved the time") {
    lateness hooks;
    weir::app app{"a", {.on_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, int>("per");
    texts out;
    app.agent("w", in | weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms)) |
                       weir::aggregate(per,
                                       [](int& sum, int i) {
                                           sum += i;
                                           if (sum == 13) throw std::runtime_error{"thirteen"};
                                       }) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 3, {.timestamp = at(2)});
    test.send(in, "a", 10, {.timestamp = at(7)});    // fails in the first of its windows
    test.send(in, "a", 13, {.timestamp = at(500)});  // fails: the time stays
    test.send(in, "a", 4, {.timestamp = at(9)});
    CHECK(hooks.late_ones.empty());
    test.send(in, "a", 1, {.timestamp = at(15)});
    CHECK(out == texts{"a [0, 10) 7", "a [5, 15) 4"});
}

TEST_CASE("a message closes 5000 windows in pieces, each once") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(0ms))};
    test_driver test{c.app};
    for (int i = 0; i < 5000; ++i)
        test.append(c.in, std::to_string(i), 1, {.timestamp = at(i % 10)});
    test.run();
    c.send(test, "x", 10);
    CHECK(c.out.size() == 5000);
    CHECK(std::is_sorted(c.out.begin(), c.out.end()));
    test.commit();
    CHECK(test.committed(c.in, 0) == committed{5001});
    CHECK(c.per.size() == 1);
}

TEST_CASE("semantics 75: a result behind a window is sent with its key and time") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    auto out = app.topic<per_key, std::int64_t>("out");
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::to(out));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(7)});
    test.send(in, "a", 1, {.timestamp = at(3)});
    test.send(in, "a", 1, {.timestamp = at(10)});
    const auto sent = test.events(out);
    REQUIRE(sent.size() == 1);
    CHECK(text(sent[0].key(), sent[0].value()) == "a [0, 10) 2");
    CHECK(sent[0].timestamp() == at(7));
}

TEST_CASE("semantics 70: sizes, advances, gaps and graces that make no sense are refused") {
    using doctest::Contains;
    CHECK_THROWS_WITH(weir::tumbling(0ms), Contains("must be positive"));
    CHECK_THROWS_WITH(weir::hopping(10ms, 0ms), Contains("must be positive"));
    CHECK_THROWS_WITH(weir::hopping(10ms, 11ms), Contains("would be in no window"));
    CHECK_THROWS_WITH(weir::session(-1ms), Contains("must be positive"));
    CHECK_THROWS_WITH(weir::grace(-1ms), Contains("must not be negative"));
    CHECK_THROWS_WITH(weir::window(weir::tumbling(1ms), weir::grace(0ms), {.idle = -1s}),
                      Contains("must not be negative"));
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto per = app.table<per_key, std::int64_t>("per");
    app.agent("one", in | weir::window(weir::tumbling(1ms), weir::grace(0ms)) | weir::count(per));
    CHECK_THROWS_WITH(
        app.agent("two",
                  in | weir::window(weir::tumbling(2ms), weir::grace(0ms)) | weir::count(per)),
        Contains("table 'per' is filled by tumbling(1 ms), and by tumbling(2 ms), too"));
}
