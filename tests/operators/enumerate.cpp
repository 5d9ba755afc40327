// SPDX-License-Identifier: Apache-2.0
// enumerate: the numbers, what a failure does to them, and what a look at a value costs.
#include <functional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using weir::testing::counted;
using pairs = std::vector<std::pair<std::size_t, std::string>>;

auto into(pairs& got) {
    return weir::for_each([&got](const auto& indexed) {
        auto& [i, value] = indexed;
        got.emplace_back(i, value);
    });
}

}  // namespace

TEST_CASE("semantics 5: enumerate yields (index, value), counting per partition") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in", {.partitions = 2});
    pairs one, two;
    app.agent("one", in | weir::enumerate() | into(one));
    app.agent("two", in | weir::enumerate(5) | into(two));
    test_driver test{app};
    test.send(in, std::nullopt, "a", {.partition = 0});
    test.send(in, std::nullopt, "b", {.partition = 0});
    test.send(in, std::nullopt, "x", {.partition = 1});
    CHECK(one == pairs{{0, "a"}, {1, "b"}, {0, "x"}});
    CHECK(two == pairs{{5, "a"}, {6, "b"}, {5, "x"}});
    test.restart();
    test.send(in, std::nullopt, "c", {.partition = 1});
    CHECK(one.back() == std::pair<std::size_t, std::string>{0, "c"});
    test.commit();
    CHECK(test.committed(in, 1) == committed{2});
}

TEST_CASE("an indexed value is taken apart, constant or not, and has names for its parts") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in");
    int seen = 0;
    app.agent("auto", in | weir::enumerate(1) | weir::for_each([&](auto& indexed) {
                          auto& [i, value] = indexed;
                          static_assert(std::is_same_v<decltype(i), const std::size_t>);
                          static_assert(std::is_same_v<decltype(value), const std::string>);
                          CHECK(i == 1);
                          CHECK(value == "a");
                          ++seen;
                      }));
    app.agent("named", in | weir::enumerate(1) |
                           weir::for_each([&](const weir::indexed<std::string>& indexed) {
                               CHECK(indexed.index() == 1);
                               CHECK(indexed.value() == "a");
                               auto [i, value] = indexed;  // a copy
                               CHECK(&value != &indexed.value());
                               CHECK(value == "a");
                               CHECK(i == 1);
                               ++seen;
                           }));
    test_driver test{app};
    test.send(in, std::nullopt, "a");
    CHECK(seen == 2);
}

TEST_CASE("enumerate is drawn with the type that it yields") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    app.agent("e", in | weir::enumerate(1));
    CHECK(app.graph().text() == "agent e\n"
                                "  topic in : std::string, int\n"
                                "  | enumerate : std::string, weir::indexed<int>\n");
}

TEST_CASE("semantics 5: a message that fails has not been counted") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in");
    pairs got;
    app.agent("e", in | weir::flat_map([](const std::string& s) {
                       return std::vector{s, s + "'"};
                   }) | weir::enumerate() |
                       weir::tap([](const weir::indexed<std::string>& x) {
                           if (x.value() == "b'") throw std::runtime_error{"b"};
                       }) |
                       weir::take(1) | weir::flat_map(std::identity{}) | into(got));
    test_driver test{app};
    for (const char* s : {"a", "b", "c"}) test.send(in, std::nullopt, s);
    CHECK(got == pairs{{0, "a"}, {1, "a'"}, {2, "c"}, {3, "c'"}});
    CHECK(test.errors().size() == 1);
}

TEST_CASE("semantics 5: a message that is retried has its number again") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in");
    pairs got;
    int calls = 0;
    app.agent("e", in | weir::enumerate() | weir::tap([&](const auto&) {
                       if (++calls == 2) throw std::runtime_error{"not yet"};
                   }) | into(got),
              {.on_error = weir::retry(1, 100ms)});
    test_driver test{app};
    for (const char* s : {"a", "b", "c"}) test.send(in, std::nullopt, s);
    test.advance(100ms);
    CHECK(got == pairs{{0, "a"}, {1, "b"}, {2, "c"}});
}

TEST_CASE("what a filter before it drops is not counted, what one behind it drops is") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in");
    pairs before, behind;
    app.agent("before", in | weir::filter([](auto& s) { return s != "b"; }) | weir::enumerate() |
                            into(before));
    app.agent("behind", in | weir::enumerate() |
                            weir::filter([](auto& x) { return x.value() != "b"; }) | into(behind));
    test_driver test{app};
    for (const char* s : {"a", "b", "c"}) test.send(in, std::nullopt, s);
    CHECK(before == pairs{{0, "a"}, {1, "c"}});
    CHECK(behind == pairs{{0, "a"}, {2, "c"}});
}

TEST_CASE("enumerate shows a value without copying it") {
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    int sum = 0;
    app.agent("decoded",
              in | weir::enumerate() | weir::for_each([&](auto& x) { sum += x.value().number; }));
    app.agent("made", in | weir::map([](const counted& c) { return counted{c.number}; }) |
                          weir::enumerate() |
                          weir::for_each([&](auto& x) { sum += x.value().number; }));
    test_driver test{app};
    counted::copies = 0;
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, counted{i});
    CHECK(sum == 12);
    CHECK(counted::copies == 0);
}

TEST_CASE("take behind it copies each decoded value once; what map made is moved") {
    weir::app app{"a"};
    auto in = app.topic<counted>("in");
    std::vector<std::pair<std::size_t, int>> got;
    const auto body = [&](const auto& batch) {
        for (auto& [i, c] : batch) got.emplace_back(i, c.number);
    };
    app.agent("decoded", in | weir::enumerate() | weir::take(3) | weir::for_each(body));
    test_driver test{app};
    for (int i : {0, 1, 2, 7, 8, 9}) test.append(in, std::nullopt, counted{i});
    counted::copies = 0;
    test.run();
    got.erase(got.begin(), got.begin() + 3);
    CHECK(got == std::vector<std::pair<std::size_t, int>>{{3, 7}, {4, 8}, {5, 9}});
    CHECK(counted::copies == 6 + 3);  // its first batch's buffer grew

    weir::app other{"b"};
    auto made = other.topic<int>("in");
    got.clear();
    other.agent("made", made | weir::map([](int i) { return counted{i}; }) | weir::enumerate() |
                            weir::take(3) | weir::for_each(body));
    test_driver driver{other};
    for (int i : {0, 1, 2, 7, 8, 9}) driver.append(made, std::nullopt, i);
    counted::copies = 0;
    driver.run();
    got.erase(got.begin(), got.begin() + 3);
    CHECK(got == std::vector<std::pair<std::size_t, int>>{{3, 7}, {4, 8}, {5, 9}});
    CHECK(counted::copies == 3);  // as above
}

TEST_CASE("a pulled stream's indexed values are its own, and number on after a break") {
    weir::app app{"a"};
    auto in = app.topic<std::string>("in");
    test_driver test{app};
    for (const char* s : {"a", "b", "c"}) test.append(in, std::nullopt, s);
    const auto numbered = app.stream(in) | weir::enumerate(1);
    std::vector<weir::indexed<std::string>> kept;
    for (auto& x : numbered) {
        kept.push_back(x);
        if (x.index() == 2) break;
    }
    for (auto& x : numbered) kept.push_back(x);
    pairs got;
    for (auto& [i, s] : kept) got.emplace_back(i, s);
    CHECK(got == pairs{{1, "a"}, {2, "b"}, {3, "c"}});
    kept.front() = kept.back();
    CHECK(kept.front().value() == "c");
}

TEST_CASE("the messages of a batch that is numbered are let go when the batch is passed") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int i : {1, 2}) test.append(in, std::nullopt, i);
    std::size_t last = 0;
    for (auto& x : app.stream(in) | weir::take(1) | weir::enumerate(1)) last = x.index();
    CHECK(last == 2);
    test.commit();
    CHECK(test.held(in, 0) == 0);
    CHECK(test.committed(in, 0) == committed{2});
}
