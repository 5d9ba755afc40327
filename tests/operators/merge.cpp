// SPDX-License-Identifier: Apache-2.0
// a & b: whose values come, in which order, and to whose topic each is acknowledged.
#include <algorithm>
#include <functional>
#include <optional>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "driven.hpp"

namespace {

/// An app with two topics of numbers.
struct two {
    silent quiet{};
    weir::app app{"m", {.hooks = &quiet}};
    weir::topic<std::string, int> a = app.topic<std::string, int>("a", {.partitions = 2});
    weir::topic<std::string, int> b = app.topic<std::string, int>("b");
    std::optional<weir::testing::test_driver> driver{};

    test_driver& test() {
        if (!driver) driver.emplace(app);
        return *driver;
    }
    void append(const weir::topic<std::string, int>& to, numbers all) {
        for (int i : all) test().append(to, "k", i, {.partition = 0});
    }
    committed of(const weir::topic<std::string, int>& t, weir::partition_id p = 0) {
        test().commit();
        return test().committed(t, p);
    }
};

}  // namespace

TEST_CASE("semantics 43: s1 & s2 yields all values of both, each stream's order kept, each "
          "acknowledged to its own topic") {
    two t;
    numbers small, large;
    t.app.agent(
        "m", (t.a & t.b) | weir::for_each([&](int i) { (i < 100 ? small : large).push_back(i); }));
    t.append(t.a, {1, 2, 3});
    t.append(t.b, {100, 101});
    t.test().run();
    CHECK(small == numbers{1, 2, 3});
    CHECK(large == numbers{100, 101});
    CHECK(t.of(t.a) == committed{3});
    CHECK(t.of(t.b) == committed{2});
}

TEST_CASE("semantics 43: each is acknowledged to its own topic: by hand, and while it is held") {
    two t;
    std::vector<weir::hold> holds;
    t.app.agent("m", (t.a & t.b) | weir::events() | weir::for_each([&](auto& event) {
                         CHECK(event.topic() == (event.value() < 100 ? "a" : "b"));
                         CHECK(event.key() == "k");
                         if (event.value() == 2 || event.value() == 101)
                             holds.push_back(event.hold());
                         else CHECK(event.ack());
                     }));
    t.append(t.a, {1, 2, 3});
    t.append(t.b, {100, 101});
    t.test().run();
    CHECK(t.of(t.a) == committed{1});
    CHECK(t.of(t.b) == committed{1});
    REQUIRE(holds.size() == 2);
    holds.pop_back();
    const auto sum = *t.of(t.a) + *t.of(t.b);
    CHECK((sum == 3 + 1 || sum == 1 + 2));
    holds.clear();
    CHECK(t.of(t.a) == committed{3});
    CHECK(t.of(t.b) == committed{2});
}

TEST_CASE("semantics 43: fair when one is faster: the slow one's values do not wait for all of the "
          "fast one's") {
    two t;
    numbers got;
    weir::app few{"f", {.stream_buffer_max = 4, .hooks = &t.quiet}};
    auto a = few.topic<int>("a"), b = few.topic<int>("b");
    few.agent("m", (a & b) | weir::for_each([&](int i) { got.push_back(i); }));
    test_driver test{few};
    for (int i = 0; i < 100; ++i) test.append(a, "k", 0);
    for (int i = 0; i < 4; ++i) test.append(b, "k", 1);
    test.run();
    REQUIRE(got.size() == 104);
    int last = 0;
    for (int i = 0; i < 104; ++i)
        if (got[std::size_t(i)] == 1) last = i;
    CHECK(last < 12);
}

TEST_CASE("semantics 43: fair in pull, too") {
    for (const bool first : {true, false}) {  // whichever has the first turn
        two t;
        auto& fast = first ? t.a : t.b;
        auto& slow = first ? t.b : t.a;
        t.append(fast, numbers(10'000, 0));
        int n = 0, last = 0;
        for (int i : t.app.stream(t.a) & t.app.stream(t.b)) {
            if (++n == 1000) t.append(slow, numbers(5, 1));  // in the middle of a large batch
            if (i == 1) last = n;
        }
        CHECK(n == 10'005);
        CHECK(last > 1000);
        CHECK(last <= 1100);
        CHECK(t.app.counters().largest_batch > 1000);
        CHECK(t.of(fast) == committed{10'000});
        CHECK(t.of(slow) == committed{5});
    }
}

TEST_CASE("semantics 43: a & b & c is flat, in any brackets") {
    two t;
    auto c = t.app.topic<std::string, int>("c");
    using flat = decltype(t.a & t.b & c);
    static_assert(std::is_same_v<flat, decltype(t.a & (t.b & c))>);
    static_assert(std::is_same_v<flat::value, int>);
    t.app.agent("m", t.a & t.b & c);
    CHECK(t.app.graph().text() == "agent m\n"
                                  "  topic a [2 partitions] : std::string, int\n"
                                  "  topic b : std::string, int\n"
                                  "  topic c : std::string, int\n"
                                  "  | merge : std::string, int\n");
}

TEST_CASE("semantics 43: differing key types become bytes") {
    two t;
    auto numbered = t.app.topic<int, int>("numbered");
    using both = decltype(t.a & numbered);
    static_assert(std::is_same_v<both::key, weir::bytes>);
    static_assert(std::is_same_v<decltype(t.a & t.b)::key, std::string>);
    std::vector<std::size_t> sizes;
    t.app.agent("m", (t.a & numbered) | weir::events() | weir::for_each([&](auto& event) {
                         sizes.push_back(event.key().size());
                         CHECK(event.raw_key() == weir::bytes_view{event.key()});
                     }));
    t.test().send(t.a, "abc", 1);
    t.test().send(numbered, 7, 2);
    CHECK(sizes == std::vector<std::size_t>{3, 4});
}

TEST_CASE("a merge of different types yields a variant of them, each once") {
    two t;
    auto words = t.app.topic<std::string>("words");
    using three = decltype(t.a & words & t.b);
    static_assert(std::is_same_v<three::value, std::variant<int, std::string>>);
    static_assert(std::is_same_v<three::key, weir::bytes>);
    std::vector<std::string> got;
    t.app.agent("m", (t.a & words & t.b) | weir::for_each([&](const auto& either) {
                         const auto* i = std::get_if<int>(&either);
                         got.push_back(i ? std::to_string(*i) : std::get<std::string>(either));
                     }));
    t.test().send(t.a, "k", 1);
    t.test().send(words, "k", "one");
    t.test().send(t.b, "k", 2);
    CHECK(got == std::vector<std::string>{"1", "one", "2"});
    t.test().commit();
    CHECK(t.test().committed(words, 0) == committed{1});
}

TEST_CASE("a merge of types that convert into each other keeps them apart") {
    weir::app app{"m"};
    auto longs = app.topic<long>("longs");
    auto doubles = app.topic<double>("doubles");
    auto ints = app.topic<int>("ints");
    std::vector<std::size_t> which;
    app.agent("m", (longs & doubles & ints) |
                       weir::for_each([&](const auto& v) { which.push_back(v.index()); }));
    test_driver test{app};
    test.send(ints, "k", 1);
    test.send(doubles, "k", 1);
    test.send(longs, "k", 1);
    CHECK(which == std::vector<std::size_t>{2, 1, 0});
}

TEST_CASE("branches of a merge have operators of their own, and more may follow") {
    two t;
    numbers got;
    t.app.agent("m", ((t.a | weir::map([](int i) { return i * 2; })) &
                      (t.b | weir::filter([](int i) { return i > 1; }) | weir::take(2) |
                       weir::flat_map(std::identity{}))) |
                         weir::map([](int i) { return i + 1; }) |
                         weir::for_each([&](int i) { got.push_back(i); }));
    t.test().send(t.a, "k", 10, {.partition = 1});
    t.test().send(t.b, "k", 2);
    CHECK(got == numbers{21});
    CHECK(t.test().held(t.b, 0) == 1);
    t.test().send(t.b, "k", 1);
    t.test().send(t.b, "k", 3);
    CHECK(got == numbers{21, 3, 4});
    CHECK(t.of(t.a, 1) == committed{1});
    CHECK(t.of(t.b) == committed{3});
}

TEST_CASE("a failure is that of its branch's own message: retried alone, the other goes on") {
    two t;
    numbers got;
    int failures = 0;
    t.app.agent("m", (t.a & t.b) | weir::for_each([&](int i) {
                         if (i == 2 && ++failures < 3) throw std::runtime_error{"no"};
                         got.push_back(i);
                     }),
                {.on_error = weir::retry(3, 1s)});
    t.append(t.a, {1, 2, 3});
    t.append(t.b, {100, 101});
    t.test().run();
    CHECK(t.of(t.a) == committed{1});
    CHECK(t.of(t.b) == committed{2});
    t.test().advance(2s);
    CHECK(got.size() == 5);
    CHECK(got[3] == 2);
    CHECK(got[4] == 3);
    CHECK(t.of(t.a) == committed{3});
}

TEST_CASE("a skipped failure names the topic of its branch") {
    two t;
    t.app.agent("m", (t.a & t.b) | weir::for_each([](int i) {
                         if (i % 2) throw std::runtime_error{"odd"};
                     }));
    t.append(t.a, {2, 3});
    t.append(t.b, {5, 6});
    t.test().run();
    std::vector<std::pair<std::string, offset>> named;
    for (auto& e : t.test().errors()) named.emplace_back(e.topic, e.offset);
    std::sort(named.begin(), named.end());
    CHECK(named == std::vector<std::pair<std::string, offset>>{{"a", 1}, {"b", 0}});
}

TEST_CASE("a parked message of one branch keeps the other out of the sink") {
    two t;
    numbers got;
    int failures = 0;
    SUBCASE("take behind the merge, whose batch fails and is retried") {
        t.app.agent(
            "m", (t.a & t.b) | weir::take(2) | weir::for_each([&](const weir::batch<int>& batch) {
                     if (++failures < 3) throw std::runtime_error{"no"};
                     for (int i : batch) got.push_back(i);
                 }),
            {.on_error = weir::retry(5, 1s)});
        t.append(t.a, {1, 2, 3});
        t.append(t.b, {100, 101, 102});
        t.test().run();
        CHECK(got.empty());
        CHECK(t.test().held(t.a, 0) + t.test().held(t.b, 0) == 2);  // the other one has to wait
        t.test().advance(5s);
    }
    SUBCASE("pull") {
        t.append(t.a, {1, 2, 3});
        t.append(t.b, {100, 101, 102});
        const auto s = t.app.stream(t.a) & t.app.stream(t.b);
        std::size_t n = 0;
        for (int i : s) {
            const auto a = t.of(t.a).value_or(0), b = t.of(t.b).value_or(0);
            CHECK(std::size_t(a + b) == n++);  // one message is in the sink, no more
            got.push_back(i);
        }
    }
    CHECK(got.size() == 6);
    CHECK(t.of(t.a) == committed{3});
    CHECK(t.of(t.b) == committed{3});
}

TEST_CASE("a revocation of one branch's partition while its message is parked: the other goes on") {
    two t;
    t.append(t.a, {1, 2});
    t.append(t.b, {100, 101});
    const auto s = t.app.stream(t.a) & t.app.stream(t.b);
    numbers got;
    bool revoked = false;
    test_driver& test = t.test();
    auto it = s.begin();
    while (it != s.end() && *it != 1) {
        got.push_back(*it);
        ++it;
    }
    REQUIRE(it != s.end());
    SUBCASE("revoked: drained until it was passed") {
        test.revoke(t.a, 0);
        CHECK(*it == 1);
        ++it;
        test.run();
        CHECK(test.committed(t.a, 0) == committed{1});
    }
    SUBCASE("revoked, and the drain takes too long") {
        test.revoke(t.a, 0);
        test.advance(11s);
        revoked = true;
        CHECK(test.committed(t.a, 0) == committed{});
    }
    SUBCASE("lost") {
        test.lose(t.a, 0);
        revoked = true;
        CHECK(test.committed(t.a, 0) == committed{});
    }
    if (revoked) {
        CHECK(*it == 1);  // what is looked at stays, though it has left the sink
        ++it;
    }
    while (it != s.end()) {
        got.push_back(*it);
        ++it;
    }
    CHECK(got == numbers{100, 101});
    CHECK(t.of(t.b) == committed{2});
    test.assign(t.a, 0);
    got.clear();
    for (int i : s) got.push_back(i);
    CHECK(got == (revoked ? numbers{1, 2} : numbers{2}));
    CHECK(t.of(t.a) == committed{2});
}

TEST_CASE("a revocation of one branch's partition leaves the other's values in a common batch") {
    two t;
    std::vector<numbers> got;
    t.app.agent("m",
                (t.a & t.b) | weir::take(4, 10s) |
                    weir::for_each([&](const weir::batch<int>& b) { got.push_back(b.values()); }));
    t.append(t.a, {1});
    t.append(t.b, {100});
    t.test().run();
    t.test().revoke(t.a, 0);
    t.test().advance(10s);
    CHECK(got == std::vector<numbers>{{100}});
    CHECK(t.of(t.a) == committed{});
    CHECK(t.of(t.b) == committed{1});
}

TEST_CASE("merged streams that are iterated are iterable: pull & pull, pull & topic, of ranges") {
    two t;
    t.append(t.a, {1});
    t.append(t.b, {2});
    const auto sum = [](const auto& s) {
        int n = 0;
        for (int i : s) n += i;
        return n;
    };
    SUBCASE("pull & pull") { CHECK(sum(t.app.stream(t.a) & t.app.stream(t.b)) == 3); }
    SUBCASE("pull & topic") { CHECK(sum(t.app.stream(t.a) & t.b) == 3); }
    SUBCASE("topic & pull") { CHECK(sum(t.a & t.app.stream(t.b)) == 3); }
    SUBCASE("a merge & pull") { CHECK(sum((t.a & t.b) & t.app.stream(t.b)) == 5); }
    SUBCASE("topic and range") {
        CHECK(sum(t.app.stream(t.a) & weir::from(numbers{10, 20})) == 31);
        CHECK(sum(weir::from(numbers{10, 20}) & t.app.stream(t.b)) == 32);
    }
    SUBCASE("ranges alone, with operators behind") {
        CHECK(sum((weir::from(numbers{1, 2}) & weir::from(numbers{3})) |
                  weir::map([](int i) { return i * 10; })) == 60);
    }
    SUBCASE("names stay for what needs one") {
        const auto s = (t.app.stream(t.a, {.name = "s"}) & t.app.stream(t.b)) |
                       weir::group_by([](int i) { return i; }, "same");
        CHECK(sum(s) == 3);
        CHECK(t.test().partitions("m-s-same-repartition") == 2);  // the largest of its sources
    }
}

TEST_CASE("streams of different apps are refused") {
    weir::app one{"one"}, other{"other"};
    CHECK_THROWS_WITH_AS(one.stream(one.topic<int>("a")) & other.stream(other.topic<int>("b")),
                         "weir: a & b: the two streams are of different apps", weir::setup_error);
}

TEST_CASE("a topic merged with itself yields each value twice, and commits what both have passed") {
    two t;
    numbers got;
    t.app.agent("m", (t.b & t.b) | weir::for_each([&](int i) { got.push_back(i); }));
    t.append(t.b, {1, 2});
    t.test().run();
    CHECK(got.size() == 4);
    CHECK(t.of(t.b) == committed{2});
}

TEST_CASE("a merge goes on into a topic, and holds its messages until it has them") {
    two t;
    auto out = t.app.topic<std::string, int>("out");
    t.app.agent("m", (t.a & t.b) | weir::to(out));
    t.append(t.a, {1, 2});
    t.append(t.b, {3});
    t.test().run();
    CHECK(t.test().values(out).size() == 3);
    CHECK(t.test().items(out).front().first == "k");
    CHECK(t.of(t.a) == committed{2});
    CHECK(t.of(t.b) == committed{1});
}
