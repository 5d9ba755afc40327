// SPDX-License-Identifier: Apache-2.0
// tap: a look in between that changes nothing.
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;
using lines = std::vector<std::string>;

/// Writes down who saw what.
auto sees(lines& log, std::string who) {
    return [&log, who = std::move(who)](int i) { log.push_back(who + std::to_string(i)); };
}

}  // namespace

TEST_CASE("tap shows each value before the operators behind it have it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    lines log;
    app.agent("t", in | weir::tap(sees(log, "before ")) | weir::map([](int i) { return 10 * i; }) |
                       weir::tap(sees(log, "after ")) | weir::for_each(sees(log, "body ")));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(log == lines{"before 1", "after 10", "body 10", "before 2", "after 20", "body 20"});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("tap is drawn with the types it leaves alone") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("t", in | weir::tap([](int) {}));
    CHECK(app.graph().text() == "agent t\n"
                                "  topic in : std::string, int\n"
                                "  | tap : std::string, int\n");
}

TEST_CASE("tap copies nothing, shows constants, and what map made is still moved behind it") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    bool constant = false;
    app.agent("t", in | weir::tap([](const counted&) {}) | weir::map([](const counted& c) {
                       return counted{c.number};
                   }) | weir::tap([&](auto& c) {
                       constant = std::is_const_v<std::remove_reference_t<decltype(c)>>;
                   }) | weir::map([](counted c) { return c; }) |
                       weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, counted{i});
    CHECK(sum == 6);
    CHECK(constant);
    CHECK(counted::copies == 0);
}

TEST_CASE("tap takes whatever f returns for nothing") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<int> got;
    app.agent("t", in | weir::tap([](int) { return false; }) |
                       weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(got == std::vector<int>{1});
}

TEST_CASE("a message whose tap throws is skipped, unless told otherwise") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<int> got;
    const auto not_2 = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
    };
    app.agent("t", in | weir::tap(not_2) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(got == std::vector<int>{1, 3});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "process");
    CHECK(test.errors().front().offset == 1);
    CHECK(test.errors().front().text == "two!");
}

TEST_CASE("a message that is retried is shown again") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    lines log;
    int calls = 0;
    app.agent("t", in | weir::tap(sees(log, "seen ")) | weir::for_each([&](int) {
                       if (++calls == 1) throw std::runtime_error{"not yet"};
                   }),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(log == lines{"seen 1"});
    test.advance(100ms);
    CHECK(log == lines{"seen 1", "seen 1"});
    CHECK(test.errors().empty());
}

TEST_CASE("with stop, a tap that throws ends the app before its message") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto fails = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
    };
    app.agent("t", in | weir::tap(fails), {.on_error = weir::stop});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a batch is tapped as one value and held until it has been processed") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<std::size_t> sizes;
    app.agent("t", in | weir::take(2, 10s) |
                       weir::tap([&](const weir::batch<int>& b) { sizes.push_back(b.size()); }));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(sizes == std::vector<std::size_t>{2});
    CHECK(test.held(in, 0) == 1);
    test.advance(10s);
    CHECK(sizes == std::vector<std::size_t>{2, 1});
    CHECK(test.held(in, 0) == 0);
}
