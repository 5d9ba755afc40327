// SPDX-License-Identifier: Apache-2.0
// process: processors one after the other, what one of them drops, and lists of them.
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

struct order {
    std::string account;
    int amount = 0;
    order without_name() const { return {"", amount}; }
};

int twice(int i) { return 2 * i; }
int plus_1(int i) { return i + 1; }
std::optional<int> no_4(int i) {
    if (i == 4) return std::nullopt;
    return i;
}
auto into(numbers& got) {
    return weir::for_each([&got](int i) { got.push_back(i); });
}

}  // namespace

TEST_CASE("semantics 4: process(p1, p2) gives p2(p1(x))") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("p", in | weir::process(twice, plus_1) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{3, 5, 7});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("semantics 4: a processor that gives an optional drops by nullopt, acknowledged") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    int reached = 0;
    const auto counts = [&](int i) {
        ++reached;
        return i;
    };
    app.agent("p", in | weir::process(twice, no_4, counts) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{2, 6});
    CHECK(reached == 2);  // what is dropped is not seen behind
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("semantics 4: processors can also be given when the stream is made") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    numbers got;
    const auto minus_1 = [](const int& i) { return i - 1; };
    for (int i : app.stream(in, {.processors = {twice, no_4, minus_1}})) got.push_back(i);
    CHECK(got == numbers{1, 5});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("a stream with processors is one like others, with a name and operators behind it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto processed =
        app.stream(in | weir::map(plus_1), {.name = "evens", .processors = {twice, plus_1}});
    numbers got;
    app.agent("p", processed | weir::filter([](int i) { return i > 5; }) | into(got));
    CHECK(app.graph().text() == "agent p\n"
                                "  topic in : int\n"
                                "  | map : int\n"
                                "  | process : int\n"
                                "  | process : int\n"
                                "  | filter : int\n"
                                "  | for_each\n");
    static_assert(
        std::is_same_v<decltype(app.stream(in)), decltype(app.stream(in, {.name = "other"}))>);
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{7});
}

TEST_CASE("an empty list of processors changes nothing: the original bytes are sent on") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    std::vector<weir::processor<order>> none;
    app.agent("p", app.stream(in, {.processors = none}) | weir::to("out"));
    test_driver test{app};
    const auto spaced = R"( { "account": "ann", "amount": 1 } )";
    test.send_raw(in, {}, spaced);
    CHECK(test.events(test.peek<weir::bytes, order>("out")).at(0).raw_value().view() == spaced);
}

TEST_CASE("processors are drawn one by one, with the types that they give") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    const auto text = [](int i) -> std::optional<std::string> { return std::to_string(i); };
    app.agent("p", in | weir::process(&order::without_name, &order::amount, text));
    CHECK(app.graph().text() == "agent p\n"
                                "  topic in : std::string, order\n"
                                "  | process : std::string, order\n"
                                "  | process : std::string, int\n"
                                "  | process : std::string, std::string\n");
}

TEST_CASE("a processor that gives back the type it was given never drops, be it an optional") {
    weir::app app{"a"};
    auto in = app.topic<std::optional<int>>("in");
    using maybe = std::optional<int>;
    std::vector<maybe> same, dropped;
    const auto identity = [](maybe i) { return i; };
    const auto only_some = [](maybe i) -> std::optional<maybe> {
        if (!i) return std::nullopt;
        return i;
    };
    app.agent("same", in | weir::process(identity) |
                          weir::for_each([&](const maybe& i) { same.push_back(i); }));
    app.agent("dropped", in | weir::process(only_some) |
                             weir::for_each([&](const maybe& i) { dropped.push_back(i); }));
    test_driver test{app};
    test.send(in, std::nullopt, std::nullopt);
    test.send(in, std::nullopt, 1);
    CHECK(same == std::vector<maybe>{std::nullopt, 1});
    CHECK(dropped == std::vector<maybe>{1});
}

TEST_CASE("what a processor made is moved into the next, in a list, too") {
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    const auto made = [](const counted& c) { return counted{c.number + 1}; };
    const auto moved = [](counted c) -> std::optional<counted> { return c; };
    int sum = 0;
    const auto body = weir::for_each([&](const counted& c) { sum += c.number; });
    app.agent("one", in | weir::process(made, moved, moved) | body);
    app.agent("list", app.stream(in, {.processors = {made, moved, moved}}) | body);
    test_driver test{app};
    test.append(in, std::nullopt, counted{1});
    counted::copies = 0;
    test.run();
    CHECK(sum == 4);
    CHECK(counted::copies == 0);
}

TEST_CASE("what a processor throws follows the agent's policy; a retry begins with the first") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    int first = 0, second = 0;
    const auto counts = [&](int i) {
        ++first;
        return i;
    };
    const auto at_second = [&](int i) {
        if (++second == 1) throw std::runtime_error{"not yet"};
        return i;
    };
    app.agent("p", in | weir::process(counts, at_second) | into(got),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(got.empty());
    test.advance(100ms);
    CHECK(got == numbers{1});
    CHECK(first == 2);
    CHECK(test.errors().empty());
}

TEST_CASE("each run and each copy of a stream has its own processors") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto counting = [n = 0](int) mutable { return ++n; };
    const auto numbered = app.stream(in, {.processors = {counting}});
    numbers one, two;
    app.agent("one", numbered | into(one));
    app.agent("two", numbered | into(two));
    test_driver test{app};
    for (int i : {7, 7}) test.send(in, std::nullopt, i);
    CHECK(one == numbers{1, 2});
    CHECK(two == numbers{1, 2});
    test.restart();
    test.send(in, std::nullopt, 7);
    CHECK(one == numbers{1, 2, 1});
}

TEST_CASE("process works on a range, and before and behind other operators") {
    numbers got;
    for (int i : weir::from(numbers{1, 2, 3}) | weir::map(plus_1) | weir::process(twice, no_4) |
                     weir::process(plus_1))
        got.push_back(i);
    CHECK(got == numbers{7, 9});
}

// ------------------------------------------------------------------------------- asynchronous ones
namespace {

weir::task<int> twice_later(int i) {
    co_await weir::sleep(std::chrono::seconds{i});
    co_return 2 * i;
}
weir::task<std::optional<int>> no_3_later(int i) {
    co_await weir::sleep(1s);
    if (i == 3) co_return std::nullopt;
    co_return i;
}

}  // namespace

TEST_CASE("semantics 4: an asynchronous processor is awaited, among others that are not") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("p", in | weir::process(plus_1, twice_later, no_4, no_3_later, plus_1) | into(got));
    test_driver test{app};
    for (int i : {1, 0, 2}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(got.empty());
    test.advance(60s);
    CHECK(got == numbers{3, 7});  // 1 became 4, and was dropped
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("semantics 4: an asynchronous processor drops by nullopt, acknowledged") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("p", in | weir::process({.concurrency = 4}, no_3_later) | into(got));
    test_driver test{app};
    for (int i : {3, 1, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK(test.held(in, 0) == 3);
    test.advance(1s);
    test.commit();
    CHECK(got == numbers{1});
    CHECK(test.held(in, 0) == 0);
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("process({.concurrency = n}, …) lets n calls run at once, in the order that is wanted") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent(
        "p",
        in | weir::process({.concurrency = 3, .order = weir::order_by::none}, plus_1, twice_later) |
            into(got));
    test_driver test{app};
    for (int i : {4, 0, 2}) test.append(in, std::nullopt, i);
    test.run();
    test.advance(1s);
    CHECK(got == numbers{2});
    test.advance(4s);
    CHECK(got == numbers{2, 6, 10});
    CHECK(app.graph().text() ==
          "agent p\n  topic in : int\n  | process : int\n  | process async(3) : int\n"
          "  | for_each\n");
    CHECK_THROWS_WITH_AS(weir::process({.concurrency = 0}, twice_later),
                         "weir: process({.concurrency = 0}, …): give it at least 1",
                         weir::setup_error);
}

TEST_CASE("semantics 4: asynchronous processors can also be given when the stream is made") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("p",
              app.stream(in, {.processors = {plus_1, twice_later, no_4, no_3_later}}) | into(got));
    test_driver test{app};
    for (int i : {1, 2}) test.append(in, std::nullopt, i);
    test.run();
    test.advance(60s);
    test.commit();
    CHECK(got == numbers{6});
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("what an asynchronous processor throws follows the policy; a retry calls it again") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    int calls = 0;
    const auto at_third = [&](int i) -> weir::task<int> {
        co_await weir::sleep(1s);
        if (++calls < 3) throw std::runtime_error{"not yet"};
        co_return i;
    };
    app.agent("p", in | weir::process(plus_1, at_third) | into(got),
              {.on_error = weir::retry(3, 10s)});
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    test.advance(60s);
    CHECK(calls == 3);
    CHECK(got == numbers{2});
    CHECK(test.errors().empty());
}
