// SPDX-License-Identifier: Apache-2.0
// flat_map: the values of a range one by one, all of them or none; batches taken apart.
#include <functional>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;

numbers up_to(int n) {
    numbers all;
    for (int i = 1; i <= n; ++i) all.push_back(i);
    return all;
}

/// A range whose third value throws.
struct breaks {
    struct iterator {
        using value_type = int;
        using difference_type = std::ptrdiff_t;
        int at = 1;
        int operator*() const {
            if (at == 3) throw std::runtime_error{"three!"};
            return at;
        }
        iterator& operator++() {
            ++at;
            return *this;
        }
        void operator++(int) { ++at; }
        friend bool operator==(iterator, iterator) = default;
    };
    iterator begin() const { return {}; }
    iterator end() const { return {5}; }
};

}  // namespace

TEST_CASE("flat_map passes on every value of the range that f gives, in order") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    numbers got;
    app.agent("m", in | weir::flat_map(up_to) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    for (int i : {2, 3, 1}) test.send(in, std::nullopt, i);
    CHECK(got == numbers{1, 2, 1, 2, 3, 1});
    test.commit();
    CHECK(test.committed(in, 0) == committed{3});
}

TEST_CASE("a message for which f gives nothing is acknowledged") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int got = 0;
    app.agent("m", in | weir::flat_map(up_to) | weir::for_each([&](int) { ++got; }));
    test_driver test{app};
    for (int i : {0, 0}) test.send(in, std::nullopt, i);
    CHECK(got == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("flat_map is drawn with the element of the range") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("m", in | weir::flat_map([](int) { return std::vector<std::string>{}; }) |
                       weir::take(2) | weir::flat_map(std::identity{}));
    CHECK(app.graph().text() ==
          "agent m\n"
          "  topic in : std::string, int\n"
          "  | flat_map : std::string, std::string\n"
          "  | take(2) : std::optional<std::string>, weir::batch<std::string>\n"
          "  | flat_map : std::string, std::string\n");
}

TEST_CASE("flat_map moves the values of a container by value") {
    counted::copies = 0;
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int sum = 0;
    const auto two = [](int i) {
        std::vector<counted> v;
        v.emplace_back(i);
        v.emplace_back(i);
        return v;
    };
    app.agent("m", in | weir::flat_map(two) | weir::map([](counted c) { return c; }) |
                       weir::for_each([&](const counted& c) { sum += c.number; }));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(sum == 6);
    CHECK(counted::copies == 0);
}

TEST_CASE("flat_map copies the values of a container by reference, and of a view") {
    std::vector<counted> mine(3);
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    int seen = 0;
    SUBCASE("a reference") {
        app.agent("m", in | weir::flat_map([&](int) -> const std::vector<counted>& {
                           return mine;
                       }) | weir::for_each([&](const counted&) { ++seen; }));
    }
    SUBCASE("a view") {
        app.agent("m", in | weir::flat_map([&](int) { return std::span{mine}; }) |
                           weir::for_each([&](const counted&) { ++seen; }));
    }
    test_driver test{app};
    counted::copies = 0;
    test.send(in, std::nullopt, 1);
    CHECK(seen == 3);
    CHECK(counted::copies == 3);
}

TEST_CASE("the elements of a std::vector<bool> are plain bool") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<bool>("out");
    app.agent("m", in | weir::flat_map([](int) {
                       return std::vector<bool>{true, false};
                   }) | weir::map([](auto v) {
                       static_assert(std::is_same_v<decltype(v), bool>);
                       return v;
                   }) | weir::to(out));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(test.values(out) == std::vector<bool>{true, false});
}

TEST_CASE("a message whose range throws half way has sent nothing") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("m", in | weir::flat_map([](int) { return breaks{}; }) | weir::to(out));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    CHECK(test.values(out).empty());
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "process");
    CHECK(test.errors().front().text == "three!");
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a retry makes the whole range again, and each value is sent once") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    int calls = 0;
    app.agent("m", in | weir::flat_map(up_to) | weir::map([&](int i) {
                       if (i == 2 && ++calls == 1) throw std::runtime_error{"not yet"};
                       return i;
                   }) | weir::to(out),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    test.send(in, std::nullopt, 3);
    CHECK(test.values(out).empty());
    test.advance(100ms);
    CHECK(test.values(out) == numbers{1, 2, 3});
    CHECK(test.errors().empty());
}

TEST_CASE("with stop, an f that throws ends the app before its message") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto fails = [](int i) {
        if (i == 2) throw std::runtime_error{"two!"};
        return up_to(i);
    };
    app.agent("m", in | weir::flat_map(fails), {.on_error = weir::stop});
    test_driver test{app};
    for (int i : {1, 2, 3}) test.append(in, std::nullopt, i);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a message is held until the last of its values has been batched and processed") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    std::vector<numbers> got;
    app.agent("m", in | weir::flat_map(up_to) | weir::take(2, 10s) |
                       weir::for_each([&](const auto& b) { got.push_back(b.values()); }));
    test_driver test{app};
    test.send(in, std::nullopt, 3);
    CHECK(got == std::vector<numbers>{{1, 2}});
    CHECK(test.held(in, 0) == 1);
    test.advance(10s);
    CHECK(got == std::vector<numbers>{{1, 2}, {3}});
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("a batch that is taken apart gives each value its own key, headers and timestamp") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("m", in | weir::take(2) | weir::flat_map(std::identity{}) | weir::to(out));
    test_driver test{app};
    const weir::timestamp first{5ms}, second{7ms};
    test.send(in, "a", 1, {.timestamp = first, .headers = {{"h", weir::bytes{"1"}}}});
    test.send(in, "b", 2, {.timestamp = second, .headers = {{"h", weir::bytes{"2"}}, {"n"}}});
    const auto events = test.events(out);
    REQUIRE(events.size() == 2);
    CHECK(events[0].key() == "a");
    CHECK(events[0].value() == 1);
    CHECK(events[0].timestamp() == first);
    CHECK(events[0].headers() == weir::headers{{"h", weir::bytes{"1"}}});
    CHECK(events[1].key() == "b");
    CHECK(events[1].value() == 2);
    CHECK(events[1].timestamp() == second);
    CHECK(events[1].headers() == weir::headers{{"h", weir::bytes{"2"}}, {"n"}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("values that f makes of a batch have the batch's common key") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::optional<std::string>, int>("out");
    const auto reversed = [](const weir::batch<int>& b) {
        return numbers{b.values().rbegin(), b.values().rend()};
    };
    app.agent("m", in | weir::take(2) | weir::flat_map(reversed) | weir::to(out));
    test_driver test{app};
    for (const char* key : {"a", "a", "a", "b"}) test.send(in, key, key[0] - 'a');
    using item = std::pair<std::optional<std::string>, int>;
    CHECK(test.items(out) ==
          std::vector<item>{{"a", 0}, {"a", 0}, {std::nullopt, 1}, {std::nullopt, 0}});
}
