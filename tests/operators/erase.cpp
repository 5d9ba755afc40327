// SPDX-License-Identifier: Apache-2.0
// erase: one plain type for any pipeline, and nothing lost by it.
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include "counted.hpp"
#include "driven.hpp"

namespace {

using plain = weir::stream<std::string, int>;

plain above(weir::topic<std::string, int> t, int limit) {
    return t | weir::filter([limit](int i) { return i > limit; });
}
struct holder {
    plain what;
};

}  // namespace

TEST_CASE("an erased pipeline is returned from a function, kept in a class and in a vector") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    std::vector<plain> all{above(in, 0), above(in, 2)};
    all.push_back(in);
    const holder h{all[1]};
    numbers sizes(4);
    const auto count = [&](std::size_t i) {
        return weir::for_each([&sizes, i](int) { ++sizes[i]; });
    };
    for (std::size_t i = 0; i < all.size(); ++i) app.agent(std::to_string(i), all[i] | count(i));
    app.agent("kept", h.what | count(3));
    test_driver test{app};
    for (int i = 0; i < 4; ++i) test.send(in, "k", i);
    CHECK(sizes == numbers{3, 1, 4, 1});
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("a pipeline is built at run time, in a loop") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    plain s = in;
    for (int n = 0; n < 10; ++n) s = s | weir::map([n](int i) { return i * 2 + n % 2; });
    numbers got;
    app.agent("e", s | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{app};
    test.send(in, "k", 1);
    CHECK(got == numbers{1024 + 341});
}

TEST_CASE("streams are chosen and joined at run time") {
    weir::app app{"e"};
    std::vector<weir::topic<int>> topics;
    for (auto* name : {"a", "b", "c"}) topics.push_back(app.topic<int>(name));
    weir::stream<weir::bytes, int> all = topics[0];
    for (std::size_t i = 1; i < topics.size(); ++i) all = all & topics[i];
    int sum = 0;
    app.agent("e", all | weir::for_each([&](int i) { sum += i; }));
    test_driver test{app};
    for (int i = 0; i < 3; ++i) test.send(topics[std::size_t(i)], "k", 1 << i);
    CHECK(sum == 7);
    test.commit();
    for (auto& t : topics) CHECK(test.committed(t, 0) == committed{1});
}

TEST_CASE("erase() in a pipe and erase(pipeline) are the same, and copies share it") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    const auto piped = in | weir::map([](int i) { return i; }) | weir::erase();
    const auto called = weir::erase(in | weir::map([](int i) { return i; }));
    static_assert(std::is_same_v<decltype(piped), const plain>);
    static_assert(std::is_same_v<decltype(called), const plain>);
    static_assert(std::is_same_v<decltype(weir::erase(piped)), plain>);
    const auto twice = piped | weir::erase() | weir::erase();
    static_assert(std::is_same_v<decltype(twice), const plain>);
    const auto copy = piped;
    int got = 0;
    app.agent("a", copy | weir::for_each([&](int) { ++got; }));
    app.agent("b", twice | weir::for_each([&](int) { ++got; }));
    test_driver test{app};
    test.send(in, "k", 1);
    CHECK(got == 2);
}

TEST_CASE("an erased stream that is iterated is still iterable") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    test_driver test{app};
    for (int i = 0; i < 3; ++i) test.append(in, "k", i);
    const auto s = app.stream(in) | weir::map([](int i) { return i + 1; }) | weir::erase();
    static_assert(std::is_same_v<decltype(s), const weir::pull<plain>>);
    numbers got;
    for (int i : s) {
        got.push_back(i);
        if (i == 2) break;
    }
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    for (int i : s) got.push_back(i);
    CHECK(got == numbers{1, 2, 3});
}

TEST_CASE("erase before and behind boundaries") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    std::vector<std::pair<std::string, int>> got;
    const auto see = [&](auto& event) { got.emplace_back(event.key(), event.value()); };
    SUBCASE("before take, events behind it: each has its own key") {
        const plain s = in;
        app.agent("e", s | weir::take(2) | weir::flat_map(std::identity{}) | weir::events() |
                           weir::for_each(see));
    }
    SUBCASE("behind a batch that was taken apart") {
        const plain s = in | weir::take(2) | weir::flat_map(std::identity{});
        app.agent("e", s | weir::events() | weir::for_each(see));
    }
    SUBCASE("behind an asynchronous map") {
        const plain s = in | weir::map([](int i) -> weir::task<int> { co_return i; });
        app.agent("e", s | weir::events() | weir::for_each(see));
    }
    SUBCASE("behind group_by") {
        const auto letter = [](int i) { return std::string(i == 1 ? "a" : "b"); };
        const plain s = in | weir::group_by(letter, "letter");
        app.agent("e", s | weir::events() | weir::for_each(see));
    }
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, "b", 2);
    CHECK(got == decltype(got){{"a", 1}, {"b", 2}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("behind an erased batch flat_map(identity) gives each value its key back, where it has "
          "one") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    using erased = weir::stream<std::optional<std::string>, weir::batch<int>>;
    const erased s = in | weir::take(2);
    std::vector<std::string> keys;
    int whole = 0;
    app.agent("e", s | weir::tap([&](const auto&) { ++whole; }) | weir::flat_map(std::identity{}) |
                       weir::events() | weir::for_each([&](auto& event) {
                           const std::optional<std::string>& key = event.key();
                           keys.push_back(key.value_or("none"));
                       }));
    test_driver test{app};
    test.send(in, "a", 1);
    test.send(in, "b", 2);
    CHECK(keys == std::vector<std::string>{"a", "b"});
    CHECK(whole == 1);
}

TEST_CASE("an erased stream of events acknowledges by hand, and before noack") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    using events = weir::stream<std::string, weir::event<std::string, int>>;
    const events s = in | weir::events();
    app.agent("e", s | weir::noack() | weir::for_each([](auto& event) {
                       if (event.value() != 2) CHECK(event.ack());
                   }));
    test_driver test{app};
    for (int i = 0; i < 4; ++i) test.send(in, "k", i);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("a failure behind erase is retried from the segment's entry, its policy the agent's") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    numbers before, got;
    const plain s = in | weir::tap([&](int i) { before.push_back(i); });
    int failures = 0;
    app.agent("e", s | weir::for_each([&](int i) {
                       if (i == 1 && ++failures < 3) throw std::runtime_error{"no"};
                       got.push_back(i);
                   }),
              {.on_error = weir::retry(5, 1s)});
    test_driver test{app};
    for (int i = 0; i < 3; ++i) test.append(in, "k", i);
    test.run();
    test.advance(5s);
    CHECK(before == numbers{0, 1, 1, 1, 2});
    CHECK(got == numbers{0, 1, 2});
}

TEST_CASE("erase copies no value, and original bytes are still sent on") {
    using weir::testing::counted;
    weir::app app{"e"};
    auto in = app.topic<counted>("in");
    auto out = app.topic<counted>("out");
    const weir::stream<weir::bytes, counted> s =
        in | weir::filter([](const counted&) { return true; });
    app.agent("e", s | weir::to(out));
    test_driver test{app};
    test.append(in, "k", counted{1});
    counted::copies = 0;
    test.run();
    CHECK(counted::copies == 0);
    CHECK(test.values(out).size() == 1);
}

TEST_CASE("erase does not show in the graph") {
    weir::app app{"e"};
    auto in = app.topic<std::string, int>("in");
    app.agent("e", in | weir::erase() | weir::take(2) | weir::erase() | weir::to("out"));
    CHECK(app.graph().text() == "agent e\n"
                                "  topic in : std::string, int\n"
                                "  | take(2) : std::optional<std::string>, weir::batch<int>\n"
                                "  | to\n"
                                "  -> topic out : std::optional<std::string>, std::vector<int>\n");
}
