// SPDX-License-Identifier: Apache-2.0
// map: what f gives, its failures and retries; calls that are awaited: order, limit, holds.
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;
struct order {
    std::string account;
    int amount = 0;
    std::string text() const { return account + " " + std::to_string(amount); }
};

int twice(int i) { return 2 * i; }

/// An asynchronous f: as many milliseconds as its argument says; what it does, it writes down.
struct waits {
    std::vector<std::string>* log;
    weir::task<int> operator()(int i) const {
        log->push_back("begin " + std::to_string(i));
        co_await weir::sleep(std::chrono::milliseconds{i});
        log->push_back("end " + std::to_string(i));
        co_return 10 * i;
    }
};

}  // namespace

TEST_CASE("map passes on what f gives, in order, and finishes each message") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> got;
    app.agent("m", in | weir::map(twice) | weir::map([](int i) { return std::to_string(i); }) |
                       weir::for_each([&](const std::string& s) { got.push_back(s); }));

    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == std::vector<std::string>{"2", "4", "6"});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("map is drawn with the type of what f gives") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    app.agent("m", in | weir::map(&order::amount) |
                       weir::map([](int i) -> weir::task<double> { co_return i / 2.0; },
                                 {.concurrency = 8}));
    CHECK(app.graph().text() == "agent m\n"
                                "  topic in : std::string, order\n"
                                "  | map : std::string, int\n"
                                "  | map async(8) : std::string, double\n");
}

TEST_CASE("map takes a member and a member function for f") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    std::vector<std::string> got;
    app.agent("amount", in | weir::map(&order::amount) |
                            weir::for_each([&](int i) { got.push_back(std::to_string(i)); }));
    app.agent("text", in | weir::map(&order::text) |
                          weir::for_each([&](const std::string& s) { got.push_back(s); }));
    test_driver test{app};
    test.send(in, std::nullopt, {"alice", 5});
    CHECK(got == std::vector<std::string>{"5", "alice 5"});
}

TEST_CASE("semantics 4: map never drops: an empty optional is a value") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::optional<int>> got;
    const auto odd = [](int i) { return i % 2 ? std::optional{i} : std::nullopt; };
    app.agent("m", in | weir::map(odd) |
                       weir::for_each([&](const std::optional<int>& i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(got == std::vector<std::optional<int>>{1, std::nullopt});
}

TEST_CASE("map copies nothing of its own and hands on what f made as an rvalue") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    app.agent("m", in | weir::map([](const counted& c) { return counted{c.number + 1}; }) |
                       weir::map([](counted c) { return c; }) |
                       weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, counted{i});
    CHECK(sum == 9);
    CHECK(counted::copies == 0);
}

TEST_CASE("an f that takes a decoded value by value gets a copy, which is the only one") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    app.agent("m",
              in | weir::map([](counted c) { return c; }) | weir::map([](counted c) { return c; }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, counted{i});
    CHECK(counted::copies == 3);
}

TEST_CASE("a message whose f throws is skipped, unless told otherwise, and reported once") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    const auto not_2 = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
        return i;
    };
    app.agent("m", in | weir::map(not_2) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 3});
    REQUIRE(test.errors().size() == 1);
    const auto e = test.errors().front();
    CHECK(e.seam == "process");
    CHECK(e.agent == "m");
    CHECK(e.topic == "in");
    CHECK(e.partition == 0);
    CHECK(e.offset == 1);
    CHECK(e.text == "two!");
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("with stop, an f that throws ends the app and its message stays uncommitted") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto not_2 = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
        return i;
    };
    app.agent("m", in | weir::map(not_2), {.on_error = weir::stop});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a retry calls f again after its backoff, and the message behind waits") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int calls = 0;
    numbers got;
    const auto at_third = [&](int i) {
        if (i == 1 && ++calls < 3) throw std::runtime_error{"not yet"};
        return i;
    };
    app.agent("m", in | weir::map(at_third) | weir::for_each([&](int i) { got.push_back(i); }),
              {.on_error = weir::retry(3, 100ms)});
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(calls == 1);
    test.advance(99ms);
    CHECK(calls == 1);
    test.advance(1ms);
    CHECK(calls == 2);
    CHECK(got.empty());
    test.advance(100ms);
    CHECK(calls == 3);
    CHECK(got == numbers{1, 2});
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 47: calls that are awaited run side by side up to the limit, results in order "
          "of input") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> log;
    app.agent("m", in | weir::map(waits{&log}, {.concurrency = 2}) |
                       weir::for_each([&](int i) { log.push_back("got " + std::to_string(i)); }));
    test_driver test{app};
    for (int i : {30, 10, 5}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(log == std::vector<std::string>{"begin 30", "begin 10"});
    CHECK(test.held(in, 0) == 2);
    test.advance(10ms);
    CHECK(log.back() == "end 10");  // done, but not its turn
    CHECK(test.held(in, 0) == 2);
    test.advance(1s);
    CHECK(log == std::vector<std::string>{"begin 30", "begin 10", "end 10", "end 30", "got 300",
                                          "got 100", "begin 5", "end 5", "got 50"});
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("without options one call is under way at a time") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> log;
    app.agent("m", in | weir::map(waits{&log}));
    test_driver test{app};
    for (int i : {10, 5}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(test.held(in, 0) == 1);
    test.advance(1s);
    CHECK(log == std::vector<std::string>{"begin 10", "end 10", "begin 5", "end 5"});
}

TEST_CASE("a message is not committed before its awaited result has been worked off") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> log;
    app.agent("m", in | weir::map(waits{&log}, {.concurrency = 4}));
    test_driver test{app};
    for (int i : {20, 10}) test.append(in, std::nullopt, i);
    test.run();
    test.advance(15ms);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});  // the second is done, the first is not
    test.advance(10ms);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("an awaited call copies a decoded argument once and moves its result") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    const auto next = [](const counted& c) -> weir::task<counted> {
        co_await weir::sleep(1ms);
        co_return counted{c.number + 1};
    };
    app.agent("m", in | weir::map(next, {.concurrency = 2}) |
                       weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, counted{i});
    test.run();
    test.advance(1s);
    CHECK(sum == 9);
    CHECK(counted::copies == 3);
}

TEST_CASE("an awaited call that throws is skipped in its place; a retry makes it again") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers calls, got;
    const auto not_2 = [&](int i) -> weir::task<int> {
        calls.push_back(i);
        co_await weir::sleep(10ms);
        if (i == 2) throw std::runtime_error{"two!"};
        co_return i;
    };
    app.agent("m", in | weir::map(not_2, {.concurrency = 3}) | weir::for_each([&](int i) {
                       got.push_back(i);
                   }),
              {.on_error = weir::retry(1, 100ms).then(weir::skip)});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    test.advance(10ms);
    CHECK(got == numbers{1});
    CHECK(calls == numbers{1, 2, 3});
    test.advance(100ms);
    CHECK(calls == numbers{1, 2, 3, 2});
    CHECK(got == numbers{1});
    test.advance(10ms);
    CHECK(got == numbers{1, 3});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().offset == 1);
    CHECK(test.errors().front().text == "two!");
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("stop waits for calls that are under way and commits them") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> log;
    app.agent("m", in | weir::map(waits{&log}, {.concurrency = 2}));
    test_driver test{app};
    test.send(in, std::nullopt, 10);
    test.stop();
    CHECK(log == std::vector<std::string>{"begin 10", "end 10"});
    CHECK(test.exit_code() == weir::exit_code::ok);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("map is told at once when its options make no sense") {
    const auto f = [](int i) -> weir::task<int> { co_return i; };
    CHECK_THROWS_WITH_AS(weir::map(f, {.concurrency = 0}),
                         "weir: map(f, {.concurrency = 0}): give it at least 1", weir::setup_error);
}
