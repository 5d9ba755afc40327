// SPDX-License-Identifier: Apache-2.0
// scan: the states it passes on, what a failure leaves of them, and how long they live.
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

struct total {
    int sum = 0, count = 0;
    total with(int i) const { return {sum + i, count + 1}; }
};

auto into(numbers& got) {
    return weir::for_each([&got](int i) { got.push_back(i); });
}
numbers twice(int i) { return {i, i}; }

}  // namespace

TEST_CASE("scan passes on what f makes of the last state and each value") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("s", in | weir::scan(0, std::plus{}) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 3, 6});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("scan is drawn with the type of its state") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("s", in | weir::scan(0.0, [](double sum, int i) { return sum + i; }));
    CHECK(app.graph().text() == "agent s\n"
                                "  topic in : std::string, int\n"
                                "  | scan : std::string, double\n");
}

TEST_CASE("scan takes a member function of its state for f") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("s", in | weir::scan(total{}, &total::with) | weir::map(&total::sum) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 3, 6});
}

TEST_CASE("a message that makes several values passes on a state for each") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("s", in | weir::flat_map(twice) | weir::scan(0, std::plus{}) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 2, 4, 6, 9, 12});
}

TEST_CASE("semantics 5: a message that fails has changed no scan state") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    int bad = 0;
    app.agent("s", in | weir::flat_map(twice) | weir::scan(0, std::plus{}) |
                       weir::tap([&](int sum) {
                           if (sum == 6 && bad++ == 0) throw std::runtime_error{"at the second"};
                       }) |
                       weir::take(1) | weir::flat_map(std::identity{}) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 2, 5, 8});  // as if there had been no 2
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("semantics 5: a message that is retried meets the state that it met before") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    int calls = 0;
    app.agent("s", in | weir::scan(0, std::plus{}) | weir::for_each([&](int sum) {
                       if (++calls == 2) throw std::runtime_error{"not yet"};
                       got.push_back(sum);
                   }),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    test.advance(100ms);
    CHECK(got == numbers{1, 3, 6});
    CHECK(test.errors().empty());
}

TEST_CASE("what f throws follows the agent's policy") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    const auto no_2 = [](int sum, int i) {
        if (i == 2) throw std::runtime_error{"two!"};
        return sum + i;
    };
    app.agent("s", in | weir::scan(0, no_2) | into(got));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 4});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().text == "two!");
    CHECK(test.errors().front().offset == 1);
}

TEST_CASE("the state is kept when the message is finished, not while it waits in the sink") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    const auto sums = app.stream(in) | weir::scan(0, std::plus{});
    for (int i : {1, 2}) test.append(in, std::nullopt, i);
    numbers got;
    try {
        for (int sum : sums) {
            got.push_back(sum);
            if (sum == 3) throw std::runtime_error{"left"};
        }
    } catch (const std::runtime_error&) {}
    test.commit();
    // the parked message goes
    test.lose(in, 0);
    test.run();
    test.assign(in, 0);
    test.run();
    for (int sum : sums) got.push_back(sum);
    CHECK(got == numbers{1, 3, 2});  // which begins a state of its own
}

TEST_CASE("one state for each partition and each agent, a new one for each run") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 2});
    numbers sums, largest;
    app.agent("sums", in | weir::scan(0, std::plus{}) | into(sums));
    app.agent("largest",
              in | weir::scan(0, [](int a, int b) { return a < b ? b : a; }) | into(largest));
    test_driver test{app};
    test.send(in, std::nullopt, 5, {.partition = 0});
    test.send(in, std::nullopt, 3, {.partition = 1});
    test.send(in, std::nullopt, 4, {.partition = 1});
    CHECK(sums == numbers{5, 3, 7});
    CHECK(largest == numbers{5, 3, 4});
    test.restart();
    test.send(in, std::nullopt, 1, {.partition = 0});
    CHECK(sums == numbers{5, 3, 7, 1});
    CHECK(largest == numbers{5, 3, 4, 1});
}

TEST_CASE("scan copies no state; who buffers one has a copy of its own") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int last = 0;
    batches kept;
    const auto add = [](const counted& c, int i) { return counted{c.number + i}; };
    const auto sums = in | weir::scan(counted{}, add);
    app.agent("sees", sums | weir::for_each([&](const counted& c) { last = c.number; }));
    test_driver test{app};
    test.send(in, std::nullopt, 0);  // init is copied for each partition
    counted::copies = 0;
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(last == 6);
    CHECK(counted::copies == 0);
    app.agent("keeps", sums | weir::take(3) | weir::for_each([&](const auto& b) {
                           auto& got = kept.emplace_back();
                           for (auto& c : b) got.push_back(c.number);
                       }));
    test.restart();
    counted::copies = 0;
    for (int i : {4, 5, 6}) test.send(in, std::nullopt, i);
    CHECK(kept == std::vector<numbers>{{4, 9, 15}});
}

TEST_CASE("a state lives until its message is finished, however many values that one makes") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::string> got;
    const auto many = [](int n) { return numbers(static_cast<std::size_t>(n), n); };
    const auto add = [](const std::string& s, int i) { return s + std::to_string(i); };
    std::vector<const std::string*> at;
    app.agent("s", in | weir::flat_map(many) | weir::scan(std::string{}, add) |
                       weir::for_each([&](const std::string& s) {
                           at.push_back(&s);
                           got.clear();
                           for (auto* p : at) got.push_back(*p);
                       }));
    test_driver test{app};
    test.send(in, std::nullopt, 4);
    CHECK(got == std::vector<std::string>{"4", "44", "444", "4444"});
    at.clear();
    test.send(in, std::nullopt, 2);
    CHECK(got == std::vector<std::string>{"44442", "444422"});
}

TEST_CASE("the sum of a filtered, numbered stream: scan works between other operators") {
    numbers got;
    for (int sum : weir::from(numbers{1, 2, 3, 4}) | weir::filter([](int i) { return i != 3; }) |
                       weir::scan(0, std::plus{}) | weir::filter([](int s) { return s > 1; }))
        got.push_back(sum);
    CHECK(got == numbers{3, 7});
}

TEST_CASE("messages with one value, none and several, some of which fail, by turns") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    const auto many = [](int n) { return numbers(static_cast<std::size_t>(n % 4), n); };
    bool fails = false;
    app.agent("s", in | weir::flat_map(many) | weir::scan(0, std::plus{}) | weir::tap([&](int) {
                       if (fails) throw std::runtime_error{"as told"};
                   }) | weir::take(1) |
                       weir::flat_map(std::identity{}) | into(got));
    test_driver test{app};
    numbers expected;
    int sum = 0;
    for (int n = 0; n < 200; ++n) {
        fails = n % 7 == 3;
        if (!fails)
            for (int k = 0; k < n % 4; ++k) expected.push_back(sum += n);
        test.send(in, std::nullopt, n);
    }
    CHECK(got == expected);
}
