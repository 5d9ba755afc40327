// SPDX-License-Identifier: Apache-2.0
// Windows: which messages are in them, when they close, what comes too late.
#include "windowing.hpp"

#include <functional>
#include <optional>
#include <random>

#include <weir/transport/memory.hpp>

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

TEST_CASE("semantics 72: of a batch that is taken apart, what a filter drops moves the time, too") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::take(3) | weir::flat_map(std::identity{}) |
                       weir::filter([](int i) { return i > 0; }) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    const auto append = [&](int value, int time) {
        test.append(in, "a", value, {.timestamp = at(time)});
    };
    append(1, 1);
    append(0, 10);
    append(1, 9);
    test.run();
    CHECK(hooks.late_ones == texts{"in@2 [0, 10) by 0"});
    CHECK(out == texts{"a [0, 10) 1"});
    append(1, 12);
    append(1, 13);
    append(0, 20);
    test.run();
    CHECK(out == texts{"a [0, 10) 1", "a [10, 20) 2"});
}

TEST_CASE("semantics 73: behind a batch of several partitions the windows of all of them close") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::take(4) | weir::flat_map(std::identity{}) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    for (int time : {1, 10})
        for (int p : {0, 1})
            test.append(in, p == 0 ? "a" : "b", 1, {.partition = p, .timestamp = at(time)});
    test.run();
    std::sort(out.begin(), out.end());
    CHECK(out == texts{"a [0, 10) 1", "b [0, 10) 1"});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(test.committed(in, 1) == committed{2});
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

TEST_CASE("a window that has closed stays closed after a restart") {
    window_counts c{weir::window(weir::tumbling(10ms), weir::grace(0ms))};
    test_driver test{c.app};
    c.send(test, "a", 1);
    test.commit();
    c.send(test, "a", 10);
    CHECK(c.out == texts{"a [0, 10) 1 @1"});
    test.restart();
    c.send(test, "a", 20);
    CHECK(c.out == texts{"a [0, 10) 1 @1", "a [10, 20) 1 @10"});
}

TEST_CASE("two inputs: what closes a window is not in a cut without what came before it") {
    struct totals {
        lateness hooks{};
        weir::app app{"a",
                      {.broker = "memory://windows-order", .commit_interval = 1h, .hooks = &hooks}};
        weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
        weir::topic<string, int> other = app.topic<string, int>("other", {.partitions = 1});
        weir::table<per_key, std::int64_t> per = app.table<per_key, std::int64_t>("per");
        weir::table<per_key, std::int64_t> all = app.table<per_key, std::int64_t>("all");
        totals() {
            app.agent("w", (in & other) | weir::filter([](int i) { return i > 0; }) |
                               weir::window(weir::tumbling(10ms), weir::grace(0ms)) |
                               weir::count(per) | weir::take(2, 1h) |
                               weir::flat_map(std::identity{}) | weir::count(all));
        }
    };
    totals one, two;
    test_driver test{one.app};
    test.send(one.in, "a", 1, {.timestamp = at(1)});
    test.send(one.in, "a", 1, {.timestamp = at(20)});  // closes [0, 10); the result waits in take
    test.send(one.other, "a", 0, {.timestamp = at(15)});  // dropped, and moves no time
    test.fail_next_send("a-per-changelog", 1);
    test.commit();  // the second table is written
    test.kill(one.app);
    test.fail_next_send("a-per-changelog", 0);
    // In another order: what is dropped would close the window, if it were in the cut.
    test.add(two.app);
    test.advance(1h);
    CHECK(two.all.get({"a", at(0), at(10)}) == 1);
}

TEST_CASE("a window that is erased as of a cut, and has closed by now, is erased after a crash") {
    struct sums {
        lateness hooks{};
        weir::app app{"a", {.broker = "memory://windows-erased", .hooks = &hooks}};
        weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
        weir::table<per_key, int> per = app.table<per_key, int>("per");
        texts out{};
        sums() {
            const auto sum = [](const int& all, int i) {
                return i == 0 ? std::optional<int>{} : std::optional{all + i};
            };
            app.agent("w",
                      in | weir::filter([](int i) { return i >= 0; }) |
                          weir::window(weir::tumbling(10ms), weir::grace(0ms), weir::on_update) |
                          weir::aggregate(per, sum) | weir::items() | weir::take(2) |
                          weir::flat_map(std::identity{}) | weir::for_each([this](auto& i) {
                              out.push_back(text(i.key(), i.value().value_or(-1)));
                          }));
        }
        void send(test_driver& test, const string& key, int value, std::int64_t time) {
            test.send(in, key, value, {.timestamp = at(time)});
        }
    };
    sums one, two;
    test_driver test{one.app};
    one.send(test, "a", 1, 1);
    one.send(test, "b", 1, 1);
    test.commit();
    one.send(test, "a", 0, 2);
    one.send(test, "b", 1, 2);
    one.send(test, "a", 5, 3);    // waits in take
    one.send(test, "c", -1, 20);  // closes the windows
    test.commit();
    CHECK(test.committed(one.in, 0) == committed{4});
    test.kill(one.app);
    test.add(two.app);
    two.send(test, "c", 1, 21);
    CHECK(two.out == texts{"a [0, 10) 5", "c [20, 30) 1"});
}

TEST_CASE("a window whose only message has failed is passed over when its time comes") {
    lateness hooks;
    weir::app app{"a", {.on_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, int>("per");
    texts out;
    app.agent("w", in | weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms)) |
                       weir::aggregate(per,
                                       [calls = 0](int& sum, int i) mutable {
                                           sum += i;
                                           if (++calls == 2) throw std::runtime_error{"second"};
                                       }) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(7)});  // fails in the second of its windows
    test.send(in, "a", 2, {.timestamp = at(27)});
    CHECK(out.empty());
    test.send(in, "a", 3, {.timestamp = at(100)});
    CHECK(out == texts{"a [20, 30) 2", "a [25, 35) 2"});
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

TEST_CASE("semantics 77: on an idle partition the clock closes windows") {
    window_counts c{weir::window(weir::tumbling(10s), weir::grace(5s), {.idle = 30s})};
    test_driver test{c.app};
    c.send(test, "a", 12'000);  // [10 s, 20 s) closes at 25 s: 13 s after that
    c.send(test, "b", 7'000);   // [0, 10 s) closes at 15 s
    test.advance(32s);
    CHECK(c.out.empty());
    test.advance(1s);
    CHECK(c.out == texts{"b [0, 10000) 1 @7000"});
    test.advance(9s);
    CHECK(c.out.size() == 1);
    test.advance(1s);
    CHECK(c.out == texts{"b [0, 10000) 1 @7000", "a [10000, 20000) 1 @12000"});
    c.send(test, "a", 19'000);
    CHECK(c.hooks.late_ones == texts{"in@2 [10000, 20000) by 0"});
}

TEST_CASE("semantics 77: a message puts the clock off") {
    window_counts c{weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 30s})};
    test_driver test{c.app};
    c.send(test, "a", 5'000);
    test.advance(34s);
    c.send(test, "a", 5'000);
    test.advance(34s);
    CHECK(c.out.empty());
    test.advance(1s);
    CHECK(c.out == texts{"a [0, 10000) 2 @5000"});
}

TEST_CASE("semantics 79: what the clock has closed stays closed after a crash") {
    weir::app_options shared{.broker = "memory://windows-clock"};
    window_counts one{weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 30s}), shared};
    window_counts two{weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 30s}), shared};
    test_driver test{one.app};
    one.send(test, "a", 5'000);
    test.advance(34s);
    SUBCASE("before anything of it is written") {
        test.fail_next_send("a-per-changelog", 1);
        test.advance(1s);
        CHECK(one.out.empty());
        test.kill(one.app);
        test.add(two.app);
        test.append(two.in, "a", 1, {.timestamp = at(6'000)});
        test.run();
        test.advance(40s);
        CHECK(two.out == texts{"a [0, 10000) 2 @6000"});
        return;
    }
    bool is_written = false;
    SUBCASE("before a cut contains it") {}
    SUBCASE("after a cut contains it") { is_written = true; }
    test.advance(1s);
    CHECK(one.out == texts{"a [0, 10000) 1 @5000"});
    if (is_written) test.commit();
    test.kill(one.app);
    test.append(one.in, "a", 1, {.timestamp = at(6'000)});
    test.add(two.app);
    test.run();
    CHECK(two.hooks.late_ones == texts{"in@1 [0, 10000) by 0"});
    for (auto& again : two.out) CHECK(again == "a [0, 10000) 1 @5000");
    if (is_written) CHECK(two.out.empty());
    CHECK(two.per.size() == 0);
}

TEST_CASE("semantics 60: a table behind a window has what the clock has closed, once") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    auto totals = app.table<per_key, std::int64_t>("totals");
    app.agent("w", in | weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 100ms}) |
                       weir::count(per) |
                       weir::aggregate(totals, [](auto& sum, const auto& n) { sum += n; }));
    test_driver test{app};
    for (int i = 0; i < 10; ++i) test.send(in, "k", i, {.timestamp = at(9'900)});
    test.commit();
    test.kill(app);
    test.restart();
    test.advance(300ms);  // before anything is committed
    CHECK(test.entries(per).empty());
    CHECK(test.value(totals, {"k", at(0), at(10'000)}) == 10);
    test.kill(app);
    test.restart();
    test.advance(10s);
    CHECK(test.value(totals, {"k", at(0), at(10'000)}) == 10);
}

TEST_CASE("semantics 77: sessions are closed by the clock, too; on_update refuses .idle") {
    session_counts c{weir::window(weir::session(10s), weir::grace(0s), {.idle = 30s})};
    test_driver test{c.app};
    c.send(test, "a", 5'000);
    test.advance(40s);
    CHECK(c.out.empty());
    test.advance(1ms);
    CHECK(c.out == texts{"a [5000, 5000] 1 @5000"});
    CHECK_THROWS_WITH(
        weir::window(weir::session(1s), weir::grace(0s), weir::on_update, {.idle = 1s}),
        doctest::Contains("nothing is passed on when one closes"));
}

namespace {

/// What comes of messages at random times. `in_rows`: each window has a row of its own.
template <class Window>
texts results_of(std::uint32_t seed, Window w, bool in_rows, std::size_t restart_every) {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    const auto add = [](std::int64_t& sum, int i) { sum += i; };
    const auto merge = [](std::int64_t& a, std::int64_t b) { a += b; };
    const auto put = weir::for_each(
        [&](auto& e) { out.push_back(text(e.key(), e.value()) + " @" + ms(e.timestamp())); });
    if (in_rows) app.agent("w", in | w | weir::aggregate(per, add) | weir::events() | put);
    else app.agent("w", in | w | weir::aggregate(per, add, merge) | weir::events() | put);
    test_driver test{app};
    std::minstd_rand random{seed};
    std::int64_t now = 100;
    for (std::size_t i = 0; i < 300; ++i) {
        now += random() % 40 == 0 ? random() % 200 : random() % 3;
        const auto time = std::max<std::int64_t>(0, now - random() % 30);
        const string key{static_cast<char>('a' + random() % 4)};
        test.send(in, key, static_cast<int>(random() % 9), {.timestamp = at(time)});
        if (restart_every && i % restart_every == 0) test.restart();
    }
    for (auto& l : hooks.late_ones) out.push_back(l);
    return out;
}

}  // namespace

TEST_CASE("semantics 80: hopping windows of panes have the results of windows in rows") {
    const std::pair<int, int> sizes[] = {{10, 1}, {12, 4}, {10, 4}, {30, 7}, {20, 20}};
    for (auto [size, advance] : sizes)
        for (std::uint32_t seed = 1; seed <= 8; ++seed) {
            CAPTURE(size);
            CAPTURE(advance);
            CAPTURE(seed);
            const auto w = weir::window(weir::hopping(1ms * size, 1ms * advance),
                                        weir::grace(1ms * (seed % 3 * 5)));
            const auto rows = results_of(seed, w, true, 0);
            CHECK(rows.size() > 100);
            CHECK(results_of(seed, w, false, 0) == rows);
            CHECK(results_of(seed, w, false, 37) == rows);
        }
}

TEST_CASE("semantics 81: a time before 1970 or far ahead does not decode, and moves no time") {
    lateness hooks;
    weir::app app{"a", {.on_decode_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "a", 1, {.timestamp = at(-1)});
    test.send(in, "a", 1, {.timestamp = test.now() + 25h});
    CHECK(app.counters().decode.skipped == 2);
    CHECK(out.empty());
    test.send(in, "a", 1, {.timestamp = at(2)});
    test.send(in, "b", 1, {.timestamp = test.now() + 23h});
    CHECK(out == texts{"a [0, 10) 2"});
}

TEST_CASE("semantics 77: explain says what an open window waits for") {
    SUBCASE("without .idle") {
        window_counts c{weir::window(weir::tumbling(10s), weir::grace(5s))};
        test_driver test{c.app};
        CHECK(!c.app.explain("in", 0));
        c.send(test, "a", 1'000);
        test.commit();
        test.advance(4min);
        const auto why = c.app.explain("in", 0);
        REQUIRE(why);
        CHECK(why->why == "a window of table 'per' that ends at 1970-01-01T00:00:10.000Z is open: "
                          "no message of 1970-01-01T00:00:15.000Z or later has come, the last one "
                          "4 min ago; .idle would close it");
    }
    SUBCASE("with .idle") {
        window_counts c{weir::window(weir::tumbling(10s), weir::grace(5s), {.idle = 30s})};
        test_driver test{c.app};
        c.send(test, "a", 1'000);
        test.commit();
        test.advance(4s);
        const auto why = c.app.explain("in", 0);
        REQUIRE(why);
        CHECK(why->why.ends_with("the last one 4 s ago; the clock closes it in 40 s"));
    }
}

TEST_CASE("semantics 58: windows of other sizes than the changelog was written with are refused") {
    const weir::app_options shared{.broker = "memory://windows-other"};
    const auto broker = weir::transport::memory_broker::named("windows-other");
    {
        window_counts one{weir::window(weir::tumbling(10s), weir::grace(5s)), shared};
        test_driver test{one.app};
        one.send(test, "a", 1'000);
    }
    window_counts two{weir::window(weir::tumbling(20s), weir::grace(5s)), shared};
    CHECK_THROWS_WITH(two.app.run(),
                      "weir: the changelog of table 'per', a-per-changelog[0] at 0 says that it is "
                      "filled by tumbling(10 s), and the table is filled by tumbling(20 s): give "
                      "it the windows that it had, or another name, and it begins anew");
    window_counts three{weir::window(weir::tumbling(10s), weir::grace(7s)), shared};
    test_driver test{three.app};  // another grace is no other window
    CHECK(test.running());
}

TEST_CASE("semantics 77: the clock closes a session, however far it goes at once") {
    session_counts c{weir::window(weir::session(10s), weir::grace(0s), {.idle = 30s})};
    test_driver test{c.app};
    c.send(test, "a", 5'000);
    SUBCASE("not committed") {}
    SUBCASE("committed") { test.commit(); }
    test.advance(41s);
    CHECK(c.out == texts{"a [5000, 5000] 1 @5000"});
}
