// SPDX-License-Identifier: Apache-2.0
// filter: what is let through, what is acknowledged, what a throwing predicate does.
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
    bool paid = false;
};

bool is_even(int i) { return i % 2 == 0; }

}  // namespace

TEST_CASE("filter lets through what the predicate is true for, in order") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("f", in | weir::filter(is_even) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2, 3, 4}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{2, 4});
}

TEST_CASE("what filter drops is acknowledged") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("f", in | weir::filter([](int) { return false; }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("filter is drawn with the types it leaves alone") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    app.agent("f", in | weir::filter(&order::paid));
    CHECK(app.graph().text() == "agent f\n"
                                "  topic in : std::string, order\n"
                                "  | filter : std::string, order\n");
}

TEST_CASE("filter takes a member for a predicate, and shows the value as a constant") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    std::vector<std::string> got;
    bool constant = false;
    app.agent("f", in | weir::map([](const order& o) { return o; }) | weir::filter(&order::paid) |
                       weir::filter([&](auto& o) {
                           constant = std::is_const_v<std::remove_reference_t<decltype(o)>>;
                           return true;
                       }) |
                       weir::for_each([&](const order& o) { got.push_back(o.account); }));
    test_driver test{app};
    test.send(in, std::nullopt, {"alice", false});
    test.send(in, std::nullopt, {"bob", true});
    CHECK(got == std::vector<std::string>{"bob"});
    CHECK(constant);
}

TEST_CASE("filter copies nothing, and what map made is still moved behind it") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    app.agent("f", in | weir::filter([](const counted& c) { return c.number > 1; }) |
                       weir::map([](const counted& c) { return counted{c.number}; }) |
                       weir::filter([](const counted& c) { return c.number > 2; }) |
                       weir::map([](counted c) { return c; }) |
                       weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2, 3, 4}) test.send(in, std::nullopt, counted{i});
    CHECK(sum == 7);
    CHECK(counted::copies == 0);
}

TEST_CASE("filter runs where it is written: group_by re-keys only what it left") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("f", in | weir::filter(&order::paid) | weir::group_by(&order::account));
    test_driver test{app};
    test.send(in, std::nullopt, {"alice", false});
    test.send(in, std::nullopt, {"bob", true});
    const auto keyed = test.peek<std::string, order>("a-f-account-repartition");
    REQUIRE(test.items(keyed).size() == 1);
    CHECK(test.items(keyed).front().first == "bob");
}

TEST_CASE("filter before take: a batch counts survivors only") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<numbers> got;
    app.agent("f", in | weir::filter(is_even) | weir::take(2) |
                       weir::for_each([&](const auto& b) { got.push_back(b.values()); }));
    test_driver test{app};
    for (int i = 1; i <= 5; ++i) test.send(in, std::nullopt, i);
    CHECK(got == std::vector<numbers>{{2, 4}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{5});
}

TEST_CASE("a message whose predicate throws is skipped, unless told otherwise") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    const auto not_2 = [](int i) -> bool {
        if (i == 2) throw std::runtime_error{"two!"};
        return true;
    };
    app.agent("f", in | weir::filter(not_2) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 3});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "process");
    CHECK(test.errors().front().agent == "f");
    CHECK(test.errors().front().offset == 1);
    CHECK(test.errors().front().text == "two!");
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("a retry asks the predicate again, and its new answer counts") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int asked = 0;
    numbers got;
    const auto at_second = [&](int) -> bool {
        if (++asked == 1) throw std::runtime_error{"not yet"};
        return true;
    };
    app.agent("f", in | weir::filter(at_second) | weir::for_each([&](int i) { got.push_back(i); }),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(got.empty());
    test.advance(100ms);
    CHECK(got == numbers{1});
    CHECK(asked == 2);
    CHECK(test.errors().empty());
}

TEST_CASE("with stop, a predicate that throws ends the app before its message") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto fails = [](int i) -> bool {
        if (i == 2) throw std::runtime_error{"two!"};
        return false;
    };
    app.agent("f", in | weir::filter(fails), {.on_error = weir::stop});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("filter works on a pulled stream") {
    numbers got;
    for (int i : weir::from(numbers{1, 2, 3, 4}) | weir::filter(is_even)) got.push_back(i);
    CHECK(got == numbers{2, 4});
}
