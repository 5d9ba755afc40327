// SPDX-License-Identifier: Apache-2.0
// Where a stream comes from: several topics, a pattern, a channel; and what a program sends itself.
#include <algorithm>
#include <functional>
#include <list>
#include <map>
#include <ranges>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

struct withdrawal {
    std::string account;
    double amount;
};

/// A body that writes down what it was given.
auto into(numbers& log) {
    return weir::for_each([&log](int i) { log.push_back(i); });
}
std::string sentence_of(auto f) {
    try {
        f();
    } catch (const weir::setup_error& e) { return e.what(); }
    return {};
}

}  // namespace

TEST_CASE("semantics 2: a pipeline can be built from several topics, by one handle") {
    weir::app app{"a"};
    auto eu = app.topic<int>("orders-eu");
    auto us = app.topic<int>("orders-us");
    auto both = app.topics<int>({"orders-eu", "orders-us"});
    numbers got;
    app.agent("both", both | into(got));
    CHECK(app.graph().text() == "agent both\n"
                                "  topic orders-eu : int\n"
                                "  topic orders-us : int\n"
                                "  | for_each\n");
    test_driver test{app};
    test.send(eu, std::nullopt, 1);
    test.send(us, std::nullopt, 2);
    test.send(eu, std::nullopt, 3);
    CHECK(got == numbers{1, 2, 3});
    test.commit();
    CHECK(test.committed(eu, 0) == committed{2});
    CHECK(test.committed(us, 0) == committed{1});
}

TEST_CASE("semantics 2: a pipeline can be built from any C++ range, and ends at its end") {
    const auto is_odd = [](int i) { return i % 2 == 1; };
    std::istringstream typed{"7 8 9"};
    weir::app app{"a"};
    numbers list, view, input, map;
    std::vector<std::vector<bool>> flags;
    app.agent("list", weir::from(std::list<int>{3, 1, 2}) | into(list));
    app.agent("view",
              weir::from(std::views::iota(0, 200) | std::views::filter(is_odd)) | into(view));
    app.agent("input", weir::from(std::ranges::istream_view<int>(typed)) | into(input));
    app.agent("map", weir::from(std::map<std::string, int>{{"b", 2}, {"a", 1}}) | weir::take(3) |
                         weir::flat_map(std::identity{}) |
                         weir::map([](const auto& pair) { return pair.second; }) | into(map));
    app.agent("flags",
              weir::from(std::vector<bool>{true, false, true}) | weir::take(2) |
                  weir::for_each([&](const weir::batch<bool>& b) { flags.push_back(b.values()); }));
    app.run();  // returns, since all its sources have ended
    CHECK(list == numbers{3, 1, 2});
    REQUIRE(view.size() == 100);
    CHECK(std::pair{view.front(), view.back()} == std::pair{1, 199});
    CHECK(input == numbers{7, 8, 9});
    CHECK(map == numbers{1, 2});
    CHECK(flags == std::vector<std::vector<bool>>{{true, false}, {true}});
    numbers pulled;
    for (int i : weir::from(std::views::iota(0, 100)) | weir::filter(is_odd)) pulled.push_back(i);
    CHECK(pulled.size() == 50);
}

TEST_CASE("semantics 38: behind several topics a repartition topic is as large as the largest") {
    weir::app app{"a"};
    app.topic<int>("small", {.partitions = 2});
    app.topic<int>("large", {.partitions = 5});
    auto both = app.topics<int>({"small"}, {.partitions = 2});
    auto more = app.topics<int>({"large"}, {.partitions = 5});
    app.agent("g", (both & more) | weir::group_by([](int i) { return i; }, "number"));
    test_driver test{app};
    CHECK(test.partitions("a-g-number-repartition") == std::optional<weir::partition_id>{5});
}

TEST_CASE("semantics 2: a pattern never matches internal topics") {
    weir::app app{"a"};
    auto all = app.topics<std::string, int>("^");
    auto in = app.topic<std::string, int>("in");
    numbers got, grouped;
    app.agent("all", all | into(got));
    app.agent("g", in | weir::group_by([](int i) { return i; }, "n") | into(grouped));
    test_driver test{app};
    test.create_topic("other-app-x-repartition-2");
    test.create_topic("other-app-changelog");
    test.send(in, "k", 1);
    test.send(test.peek<std::string, int>("other-app-x-repartition-2"), "k", 2);
    test.send(test.peek<std::string, int>("other-app-changelog"), "k", 3);
    CHECK(grouped == numbers{1});
    CHECK(got == numbers{1});
}

TEST_CASE("a pattern never matches a topic whose name begins with two underscores") {
    weir::app app{"a"};
    numbers got, named;
    for (auto* pattern : {"^", "^_", "^__x"})
        app.agent(pattern, app.topics<std::string, int>(pattern) | into(got));
    app.agent("named", app.topic<std::string, int>("__y") | into(named));
    test_driver test{app};
    for (auto* name : {"__x", "__consumer_offsets", "__", "_x"}) test.create_topic(name);
    int n = 0;
    for (auto* name : {"__x", "__consumer_offsets", "__", "__y", "_x", "x__"}) {
        test.create_topic(name);
        test.send(test.peek<std::string, int>(name), "k", ++n);
    }
    CHECK(got == numbers{5, 5, 6});
    CHECK(named == numbers{4});
}

TEST_CASE("semantics 7: topics can be given by regular expression; one that appears later is "
          "picked up") {
    weir::app app{"a", {.auto_offset_reset = weir::latest}};
    auto orders = app.topics<std::string, int>("^orders-.*");
    numbers got;
    app.agent("orders", orders | into(got));
    test_driver test{app};
    test.create_topic("orders-eu", {.partitions = 3});
    test.create_topic("payments");
    test.send(test.peek<std::string, int>("orders-eu"), "k", 1);  // before it was assigned, maybe
    test.send(test.peek<std::string, int>("payments"), "k", 2);
    test.send(test.peek<std::string, int>("orders-eu"), "k", 3);
    CHECK(got == numbers{1, 3});
    test.restart();
    test.send(test.peek<std::string, int>("orders-eu"), "k", 4);
    CHECK(got == numbers{1, 3, 4});
}

TEST_CASE("a pattern that matches no topic yet says so, once; one that matches says nothing") {
    silent quiet;
    weir::app app{"a", {.hooks = &quiet}};
    app.topic<int>("known-1");
    app.agent("known", app.topics<int>("^known-.*") | weir::for_each([](int) {}));
    app.agent("orders", app.topics<int>("^orders-.*") | weir::for_each([](int) {}));
    app.agent("again", app.topics<int>("^orders-.*") | weir::for_each([](int) {}));
    test_driver test{app};
    const std::string orders = "no topic matches '^orders-.*' yet: one that appears is read";
    CHECK(quiet.lines == texts{orders});
    test.create_topic("orders-1");
    test.run();
    app.agent("later", app.topics<int>("^later-.*") | weir::for_each([](int) {}));
    test.run();
    CHECK(quiet.lines ==
          texts{orders, "no topic matches '^later-.*' yet: one that appears is read"});
}

TEST_CASE("a pattern's topics give the repartition topic its size, and decode by its policy") {
    weir::app app{"a"};
    auto all = app.topics<int>("^p-", {.on_decode_error = weir::skip});
    auto p = app.topic<int>("p-1", {.partitions = 3});
    numbers got;
    app.agent("g", all | weir::group_by([](int i) { return i; }, "n") | into(got));
    test_driver test{app};
    CHECK(test.partitions("a-g-n-repartition") == std::optional<weir::partition_id>{3});
    test.send_raw(p, {}, "not four bytes");
    test.send(p, std::nullopt, 1);
    CHECK(got == numbers{1});
    CHECK(test.errors().size() == 1);
}

TEST_CASE("a list or a pattern that makes no sense is refused with a sentence") {
    weir::app app{"a"};
    CHECK(sentence_of([&] { app.topics<int>({}); }) ==
          "weir: app.topics({}): name at least one topic");
    CHECK(sentence_of([&] {
              app.topics<int>({"a", "a"});
          }) == "weir: app.topics: 'a' is named twice");
    CHECK(sentence_of([&] {
              app.topics<int>("orders");
          }).starts_with("weir: 'orders' is not a pattern"));
    CHECK(sentence_of([&] {
              app.topics<int>("^(");
          }).starts_with("weir: '^(' is not a regular expression: "));
    auto all = app.topics<int>("^out.*");
    CHECK(sentence_of([&] { app.agent("x", all | weir::to("outbox")); }) ==
          "weir: agent 'x': the pattern '^out.*' matches 'outbox', which the agent itself writes "
          "to: name that topic otherwise");
}

TEST_CASE("semantics 2: a channel hands every value to each of its subscribers") {
    weir::app app{"a"};
    auto chan = app.channel<int>("numbers");
    numbers got, pairs;
    app.agent("one", chan | into(got));
    app.agent("two", chan | weir::take(2) | weir::flat_map(std::identity{}) | into(pairs));
    chan.send(1);  // before the run: it waits for the subscribers
    test_driver test{app};
    CHECK(got == numbers{1});
    CHECK(pairs.empty());
    chan.send(2);
    chan.send(3);
    test.run();
    CHECK(got == numbers{1, 2, 3});
    CHECK(pairs == numbers{1, 2});
    test.stop();
    CHECK(pairs == numbers{1, 2, 3});  // a last short batch
}

TEST_CASE("semantics 2: a channel's queue is bounded; not awaited and full, send throws") {
    weir::app app{"a"};
    auto chan = app.channel<int>("numbers", {.capacity = 2});
    numbers got;
    app.agent("one", chan | into(got));
    test_driver test{app};
    chan.send(1);
    chan.send(2);
    CHECK_THROWS_WITH_AS(chan.send(3),
                         "weir: channel 'numbers' is full: co_await its send, or give it a larger "
                         "capacity than 2",
                         weir::error);
    test.run();
    CHECK(got == numbers{1, 2});
    CHECK_THROWS_AS(app.channel<int>("none", {.capacity = 0}), weir::setup_error);
}

TEST_CASE("semantics 2: each subscriber of a channel has its own bounded queue; what one has no "
          "room for, none gets") {
    weir::app app{"a"};
    auto chan = app.channel<int>("numbers", {.capacity = 2});
    numbers quick, slow;
    app.agent("quick", chan | into(quick));
    app.agent("slow", chan | weir::map([](int i) -> weir::task<int> {
                          co_await weir::sleep(std::chrono::seconds{1});
                          co_return i;
                      }) | into(slow));
    test_driver test{app};
    const auto send = [&](int i) {
        chan.send(i);
        return test.run();
    };
    int sent = 0;
    CHECK_THROWS_AS(
        [&] {
            for (; sent < 100; ++sent) send(sent);
        }(),
        weir::error);
    CHECK(sent == 2);
    CHECK(quick == numbers{0, 1});  // its own queue was empty each time
    CHECK(slow.empty());
    test.advance(std::chrono::seconds{1});
    send(2);
    CHECK(quick == numbers{0, 1, 2});
    test.advance(std::chrono::minutes{1});
    CHECK(slow == numbers{0, 1, 2});
}

TEST_CASE("what a body hands to a channel holds the body's message until it is done") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto chan = app.channel<int>("numbers");
    app.agent("in", in | weir::for_each([&](int i) { chan.send(i); }));
    app.agent("pairs", chan | weir::take(2));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    test.commit();
    CHECK(test.held(in, 0) == 1);
    CHECK(test.committed(in, 0) == committed{});
    test.send(in, std::nullopt, 2);
    test.commit();
    CHECK(test.held(in, 0) == 0);
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("semantics 49: topic.send sends from anywhere in the app, and needs no running agent") {
    weir::app app{"a"};
    auto out = app.topic<std::string, withdrawal>("out");
    const std::string long_name(100, 'x');
    out.send("before", {long_name, 1});  // the run sends it
    test_driver test{app};
    CHECK(test.items(out).size() == 1);
    out.send("k", {"alice", 12.5}, {{"trace", weir::bytes{"7"}}});
    app.post([&] { out.send("posted", withdrawal{"bob", 2}); });
    test.run();
    const auto all = test.events(out);
    REQUIRE(all.size() == 3);
    CHECK(all[0].value().account == long_name);
    CHECK(all[1].key() == "k");
    CHECK(all[1].value().amount == 12.5);
    CHECK(all[1].headers() == weir::headers{{"trace", weir::bytes{"7"}}});
    CHECK(all[2].key() == "posted");
    CHECK(all[2].timestamp() == test.now());
}

TEST_CASE("semantics 21: what a body sends by hand holds its source until it is delivered; if it "
          "fails for good the produce policy decides") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("x", in | weir::for_each([&](int i) { out.send("k", i); }));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    test.fail_next_send(out);
    test.send(in, std::nullopt, 2);
    CHECK_FALSE(test.running());
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.exit_code() == 1);
    test.restart();
    CHECK(test.values(out) == numbers{1, 2});
}

TEST_CASE("a null key or value is sent as std::nullopt") {
    weir::app app{"a"};
    auto out = app.topic<std::optional<std::string>, std::optional<int>>("out");
    test_driver test{app};
    out.send(std::nullopt, 1);
    out.send("k", std::nullopt);
    test.run();
    using items = std::vector<std::pair<std::optional<std::string>, std::optional<int>>>;
    CHECK(test.items(out) == items{{std::nullopt, 1}, {"k", std::nullopt}});
}

TEST_CASE("semantics 2: a channel's send is awaitable and waits for room") {
    weir::app app{"a"};
    auto chan = app.channel<std::string>("words", {.capacity = 2});
    std::vector<std::string> got;
    int sent = 0;
    const std::string word(100, 'w');  // beyond a small string
    app.agent("a", chan | weir::for_each([&](const std::string& s) { got.push_back(s); }));
    app.task([&]() -> weir::task<> {
        for (int i = 0; i < 5; ++i) {
            co_await chan.send(word + std::to_string(i));
            ++sent;
        }
    });
    test_driver test{app};
    CHECK(sent == 5);
    REQUIRE(got.size() == 5);
    CHECK(got[4] == word + "4");
}

TEST_CASE("semantics 2: who awaits a channel's send goes on as soon as a slow subscriber has room, "
          "in order") {
    weir::app app{"a"};
    auto chan = app.channel<int>("numbers", {.capacity = 2});
    numbers got;
    int sent = 0;
    app.agent("slow", chan | weir::map([](int i) -> weir::task<int> {
                          co_await weir::sleep(std::chrono::seconds{1});
                          co_return i;
                      }) | into(got));
    app.task([&]() -> weir::task<> {
        for (int i = 0; i < 8; ++i) {
            co_await chan.send(i);
            ++sent;
        }
    });
    test_driver test{app};
    CHECK(sent == 2);
    for (int second = 1; second < 5; ++second) {
        test.advance(std::chrono::seconds{1});
        CHECK(sent == 2 + second);
    }
    test.advance(std::chrono::minutes{1});
    CHECK(got == numbers{0, 1, 2, 3, 4, 5, 6, 7});
}

TEST_CASE("semantics 48: topic.send, awaited, goes on when the message has been delivered; what a "
          "policy gave up is thrown") {
    weir::app app{"a", {.on_produce_error = weir::skip}};
    auto out = app.topic<std::string, withdrawal>("out");
    std::vector<std::string> log;
    const std::string account(100, 'a');
    app.task([&]() -> weir::task<> {
        co_await out.send("k", {account, 12.5});
        log.push_back("delivered");
        co_await weir::sleep(std::chrono::seconds{1});
        try {
            co_await out.send("k", {account, 13});
        } catch (const weir::error& e) { log.push_back(e.what()); }
    });
    test_driver test{app};
    CHECK(log == std::vector<std::string>{"delivered"});
    REQUIRE(test.values(out).size() == 1);
    CHECK(test.values(out)[0].account == account);
    test.fail_next_send(out);
    test.advance(std::chrono::seconds{1});
    REQUIRE(log.size() == 2);
    CHECK(log[1].starts_with("weir: sending to 'out' failed: "));
    CHECK(test.running());
}

TEST_CASE("topic.send beyond what may wait for room: dropped, it throws; awaited, it waits") {
    weir::app app{"a"};
    auto out = app.topic<std::string, int>("out");
    int sent = 0;
    std::string told;
    bool arrived = false;
    app.task([&]() -> weir::task<> {
        try {
            for (;; ++sent) out.send("k", sent);
        } catch (const weir::error& e) { told = e.what(); }
        co_await out.send("k", -1);
        arrived = true;
    });
    test_driver test{app};
    CHECK(told == "weir: sending to 'out': too many messages wait already: co_await the sends, or "
                  "send fewer a turn");
    CHECK(sent >= 10'000);
    CHECK(arrived);
    auto all = test.values(out);
    REQUIRE(all.size() == static_cast<std::size_t>(sent) + 1);
    CHECK(all.back() == -1);
    all.pop_back();
    CHECK(std::is_sorted(all.begin(), all.end()));
}

TEST_CASE("topic.send before a run: ten thousand wait for it, one more throws") {
    weir::app app{"a"};
    auto out = app.topic<std::string, int>("out");
    for (int i = 0; i < 10'000; ++i) out.send("k", i);
    CHECK_THROWS_AS(out.send("k", -1), weir::error);
    test_driver test{app};
    CHECK(test.values(out).size() == 10'000);
}

TEST_CASE("semantics 21: what a coroutine sends by hand after an await holds the message that it "
          "works on, too") {
    silent quiet;
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1h), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    const auto sends = [&](int i) -> weir::task<int> {
        co_await weir::sleep(1s);
        out.send(std::nullopt, i);
        co_return i;
    };
    SUBCASE("an agent's") {
        app.agent("x", in, [&](auto stream) -> weir::task<> {
            while (auto i = co_await stream.next()) {
                co_await weir::sleep(1s);
                out.send(std::nullopt, *i);
            }
        });
    }
    SUBCASE("a task that an agent's awaits") {
        app.agent("x", in, [&](auto stream) -> weir::task<> {
            while (auto i = co_await stream.next()) co_await sends(*i);
        });
    }
    SUBCASE("an asynchronous operator's") {
        app.agent("x", in | weir::map(sends) | weir::for_each([](int) {}));
    }
    test_driver test{app};
    test.fail_next_send(out, 2);
    test.append(in, std::nullopt, 1);
    test.append(in, std::nullopt, 2);
    test.run();
    test.advance(2s);
    test.commit();
    CHECK(test.held(in, 0) == 2);
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1h);
    test.commit();
    CHECK(test.values(out) == numbers{1, 2});
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("semantics 21: what a coroutine sends after it has acknowledged its event by hand holds "
          "nothing") {
    silent quiet;
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1h), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("x", in | weir::events(), [&](auto stream) -> weir::task<> {
        while (auto e = co_await stream.next()) {
            e->ack();
            co_await weir::sleep(1s);
            out.send(std::nullopt, e->value());
        }
    });
    test_driver test{app};
    test.fail_next_send(out);
    test.send(in, std::nullopt, 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    test.advance(1s);
    CHECK(test.held(in, 0) == 0);
    test.advance(1h);
    CHECK(test.values(out) == numbers{1});
}

TEST_CASE("semantics 21: what a pull loop's body sends holds the message that it has") {
    silent quiet;
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1h), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    test_driver test{app};
    test.append(in, std::nullopt, 1);
    test.append(in, std::nullopt, 2);
    test.fail_next_send(out, 2);
    for (int i : app.stream(in)) {
        out.send(std::nullopt, i);
        if (i == 2) break;
    }
    test.commit();
    CHECK(test.held(in, 0) == 2);
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1h);
    test.commit();
    CHECK(test.values(out) == numbers{1, 2});
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("semantics 2: what has waited for room in a channel holds the message it was sent for, "
          "until all subscribers are done") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto chan = app.channel<int>("numbers", {.capacity = 1});
    app.agent("slow", chan | weir::map([](int i) -> weir::task<int> {
                          co_await weir::sleep(10s);
                          co_return i;
                      }) | weir::for_each([](int) {}));
    app.agent("x", in, [&](auto stream) -> weir::task<> {
        while (auto i = co_await stream.next()) co_await chan.send(*i);
    });
    test_driver test{app};
    for (int i = 0; i < 5; ++i) test.append(in, std::nullopt, i);
    test.run();
    for (weir::offset done = 1; done <= 5; ++done) {
        test.advance(10s);
        test.commit();
        CHECK(test.committed(in, 0) == committed{done});
    }
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("a hook may send, also while it is told of a send that failed") {
    struct telling final : weir::hooks {
        std::function<void()> tell;
        void retried(const weir::error_report&) override { tell(); }
        void failed(const weir::error_report&) override { tell(); }
        void dead_letter(const weir::error_report&, std::string_view) override { tell(); }
    } hooks;
    weir::app app{
        "a",
        {.on_produce_error = weir::retry(2, 1s).then(weir::dead_letter("dead")), .hooks = &hooks}};
    auto in = app.topic<int>("in"), out = app.topic<int>("out");
    auto alarms = app.topic<std::string>("alarms");
    app.agent("a", in | weir::to(out));
    test_driver test{app};
    std::size_t sent = 0;
    hooks.tell = [&] {
        for (int i = 0; i < 50; ++i, ++sent) alarms.send(std::nullopt, std::string(100, 'a'));
    };
    test.fail_next_send(out, 3);
    test.send(in, std::nullopt, 1);
    test.advance(2s);
    test.commit();
    CHECK(test.values(test.peek<weir::bytes, std::string>("dead")).size() == 1);
    CHECK(sent == 200);
    CHECK(test.values(alarms).size() == sent);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a send that is still awaited when its run ends is forgotten with its coroutine") {
    silent quiet;
    weir::app app{"a", {.on_produce_error = weir::retry(1, 1h), .hooks = &quiet}};
    auto in = app.topic<int>("in"), out = app.topic<int>("out");
    int arrived = 0;
    const auto sends = [&](int i) -> weir::task<int> {
        co_await out.send(std::nullopt, i);
        co_return ++arrived;
    };
    app.task([&]() -> weir::task<> { co_await sends(1); });
    app.agent("calls", in | weir::map(sends) | weir::for_each([](int) {}));
    app.agent("x", in, [&](auto stream) -> weir::task<> {
        while (auto i = co_await stream.next()) co_await sends(*i);
    });
    test_driver test{app};
    CHECK(std::exchange(arrived, 0) == 1);
    test.fail_next_send(out, 3);
    test.restart();
    test.send(in, std::nullopt, 2);
    test.stop();  // after shutdown_timeout
    CHECK(arrived == 0);
    CHECK(test.committed(in, 0) == committed{});
    test.restart();
    CHECK(arrived == 3);
}
