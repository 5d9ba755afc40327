// SPDX-License-Identifier: Apache-2.0
#include <weir/transport/memory.hpp>
#include "../state/joining.hpp"

#include "counted.hpp"

using weir::testing::counted;

TEST_CASE("semantics 85: a message may send 3000 others away, each once and in order") {
    joined_streams j;
    j.left(weir::within(5ms), weir::grace(0ms));
    test_driver test{j.app};
    texts want;
    for (int n = 0; n < 3000; ++n) {
        test.append(j.a, "k" + std::to_string(n % 100), n, {.timestamp = at(n / 1000)});
    }
    test.run();
    CHECK(j.send(test, j.b, "k", 1, 100).size() == 3000);
    CHECK(std::ranges::is_sorted(j.out, {}, [](const string& s) { return s.substr(s.find('@')); }));
}

TEST_CASE("semantics 85: one key may hold many messages") {
    joined_streams j;
    j.inner(weir::within(1h), weir::grace(0ms));
    test_driver test{j.app};
    for (int n = 0; n < 2000; ++n) test.append(j.a, "k", n, {.timestamp = at(n)});
    test.run();
    CHECK(j.send(test, j.b, "k", 1, 2000).size() == 2000);
    test.restart();
    CHECK(j.send(test, j.b, "k", 2, 2000).size() == 2000);
}

TEST_CASE("semantics 85: a stream is joined with itself") {
    weir::app app{"app"};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    texts out;
    app.agent("s", a | weir::join(a, weir::within(5ms), weir::grace(0ms), text_of_pair) |
                       weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    for (int n = 1; n <= 3; ++n) test.append(a, "k", n, {.timestamp = at(n)});
    test.run();
    CHECK(out == texts{"1-1", "2-1", "1-2", "2-2", "3-1", "3-2", "1-3", "2-3", "3-3"});
}

TEST_CASE("semantics 89: a stream that a slower agent keeps from being read is waited for") {
    weir::app app{"app", {.stream_buffer_max = 1}};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    auto b = app.topic<string, int>("b", {.partitions = 1});
    texts out;
    app.agent("fast", a | weir::join(b, weir::within(0ms), weir::grace(0ms), text_of_pair) |
                          weir::for_each([&](const string& s) { out.push_back(s); }));
    app.agent("slow", a | weir::map([](int n) -> weir::task<int> {
                          co_await weir::sleep(5s);
                          co_return n;
                      }));
    test_driver test{app};
    for (int n = 1; n <= 4; ++n) test.append(a, "k", n, {.timestamp = at(n)});
    test.append(b, "k", 4, {.timestamp = at(4)});
    test.append(b, "k", 9, {.timestamp = at(9)});  // behind it what is at 4 has gone
    test.advance(3s);
    CHECK(out == texts{});
    test.advance(17s);
    CHECK(out == texts{"4-4"});
}

TEST_CASE("two joins of one agent have a changelog each") {
    weir::app app{"app"};
    auto a = app.topic<string, int>("a", {.partitions = 1});
    auto b = app.topic<string, int>("b", {.partitions = 1});
    auto c = app.topic<string, int>("c", {.partitions = 1});
    std::vector<int> out;
    const auto sum = [](const int& x, const int& y) { return x + y; };
    app.agent("my-two", a | weir::join(b, weir::within(5ms), weir::grace(0ms), sum) |
                            weir::join(c, weir::within(5ms), weir::grace(0ms), sum) |
                            weir::for_each([&](int v) { out.push_back(v); }));
    test_driver test{app};
    test.send(a, "k", 1, {.timestamp = at(1)});
    test.send(b, "k", 10, {.timestamp = at(2)});
    test.send(c, "k", 100, {.timestamp = at(3)});
    CHECK(out == std::vector<int>{111});
    CHECK(test.partitions("app-my--two-join-changelog") == 1);
    CHECK(test.partitions("app-my--two-join-2-changelog") == 1);
    test.restart();
    test.send(c, "k", 200, {.timestamp = at(4)});
    CHECK(out == std::vector<int>{111, 211});
}

TEST_CASE("a message with many matches passes them on in pieces, and each of them once") {
    joined_streams j;
    j.app.agent("j", j.a | weir::join(j.b, weir::within(1h), weir::grace(0ms), text_of_pair) |
                         weir::to("out"));
    test_driver test{j.app};
    for (int n = 0; n < 5000; ++n) test.append(j.b, "k", n, {.timestamp = at(n)});
    test.append(j.a, "k", 7, {.timestamp = at(10'000)});
    test.append(j.a, "k", 8, {.timestamp = at(1)});  // held, too
    test.run();
    const auto all = test.events(test.peek<string, string>("out"));
    REQUIRE(all.size() == 10'000);
    CHECK(all[0].value() == "7-0");
    CHECK(all[0].timestamp() == at(10'000));
    CHECK(all[4999].value() == "7-4999");
    CHECK(all[5000].timestamp() == at(1));
    CHECK(all[9999].value() == "8-4999");
    CHECK(all[9999].timestamp() == at(4999));
}

TEST_CASE("behind a join flat_map gives each value the time of its result") {
    joined_streams j;
    const auto many = [](const int& a, const int& b) { return std::vector<int>(3000, a * 10 + b); };
    j.app.agent("j", j.a | weir::join(j.b, weir::within(1h), weir::grace(0ms), many) |
                         weir::flat_map(std::identity{}) | weir::to("out"));
    test_driver test{j.app};
    test.append(j.b, "k", 1, {.timestamp = at(1)});
    test.append(j.b, "k", 2, {.timestamp = at(9)});
    test.append(j.a, "k", 3, {.timestamp = at(5)});
    test.run();
    const auto all = test.events(test.peek<string, int>("out"));
    REQUIRE(all.size() == 6000);
    for (std::size_t i = 0; i < all.size(); ++i) {
        CHECK(all[i].value() == (i < 3000 ? 31 : 32));
        CHECK(all[i].timestamp() == at(i < 3000 ? 5 : 9));
    }
}

TEST_CASE("streams that were grouped are joined; the results have their key") {
    struct order {
        string account;
        int price = 0;
    };
    weir::app app{"app"};
    auto orders = app.topic<string, order>("orders", {.partitions = 2});
    auto limits = app.topic<string, int>("limits", {.partitions = 2});
    texts out;
    const auto both = [](const order& o, const int* limit) {
        return o.account + (limit && o.price <= *limit ? " may" : " may not");
    };
    app.agent("o", orders | weir::group_by(&order::account) |
                       weir::left_join(limits, weir::within(10ms), weir::grace(0ms), both) |
                       weir::items() |
                       weir::for_each([&](auto& i) { out.push_back(i.key() + ": " + i.value()); }));
    test_driver test{app};
    test.send(limits, "ann", 10, {.timestamp = at(1)});
    test.send(orders, "1", {"ann", 7}, {.timestamp = at(2)});
    test.send(orders, "2", {"ann", 70}, {.timestamp = at(3)});
    CHECK(out == texts{"ann: ann may", "ann: ann may not"});
}

TEST_CASE("semantics 89: behind a left join another join has results before the next message") {
    texts first;
    for (const std::size_t most : {1, 2, 4096}) {
        weir::app app{"app", {.stream_buffer_max = most}};
        auto a = app.topic<string, int>("a", {.partitions = 1});
        auto b = app.topic<string, int>("b", {.partitions = 1});
        auto c = app.topic<string, int>("c", {.partitions = 1});
        texts out;
        const auto both = [](const string& l, const int* r) {
            return l + '-' + (r ? std::to_string(*r) : "null");
        };
        app.agent("j", a | weir::left_join(b, weir::within(3ms), weir::grace(0ms), text_of_left) |
                           weir::left_join(c, weir::within(3ms), weir::grace(0ms), both) |
                           weir::for_each([&](const string& s) { out.push_back(s); }));
        test_driver test{app};
        for (int n = 0; n < 300; ++n) {
            const auto key = "k" + std::to_string(n % 3);
            test.append(n % 3 == 0 ? a : n % 3 == 1 ? b : c, key, n, {.timestamp = at(n / 2)});
            test.append(a, "k1", 1000 + n, {.timestamp = at(n / 2)});
            test.append(c, "k1", 2000 + n, {.timestamp = at(n / 2)});
        }
        test.run();
        if (first.empty()) first = out;
        CHECK(out.size() > 300);
        CHECK(out == first);
    }
}

TEST_CASE("topics of other widths are refused") {
    weir::app app{"app"};
    auto a = app.topic<string, int>("a", {.partitions = 2});
    auto b = app.topic<string, int>("b", {.partitions = 3});
    app.agent("j", a | weir::join(b, weir::within(1s), weir::grace(0s), text_of_pair));
    CHECK_THROWS_WITH(
        app.run(), "weir: table 'j-join': topics 'a' and 'b' have 2 and 3 partitions, so a key's "
                   "messages would be in different ones: give them the same number, or put "
                   "group_by before one");
}

TEST_CASE("bounds and options that make no sense are refused") {
    CHECK_THROWS_WITH(weir::within(-1ms), "weir: within(before, after): neither may be negative");
    CHECK_THROWS_WITH(weir::within(1ms, -1ms),
                      "weir: within(before, after): neither may be negative");
    weir::app app{"app"};
    auto a = app.topic<string, int>("a");
    CHECK_THROWS_WITH(
        weir::left_join(a, weir::within(1s), weir::grace(0s), {.wait = -1s}, text_of_left),
        "weir: join: .idle and .wait must not be negative");
    CHECK_THROWS_WITH(
        weir::join(a, weir::within(1s), weir::grace(0s), {.idle = 1s}, text_of_pair),
        "weir: join: .idle passes on what has found no match, and an inner join passes on nothing "
        "of that: use left_join or outer_join");
    auto unnamed = app.stream(a) | weir::join(a, weir::within(1s), weir::grace(0s), text_of_pair);
    CHECK_THROWS_WITH(unnamed.begin(),
                      "weir: a stream with a join needs a name, which names its changelog: "
                      "app.stream(…, {.name = …})");
}

TEST_CASE("a stream that is iterated can be joined") {
    const weir::app_options shared{.broker = "memory://joins-iterated"};
    const auto broker = weir::transport::memory_broker::named("joins-iterated");
    {
        joined_streams fill{shared};
        test_driver test{fill.app};
        test.append(fill.a, "k", 1, {.timestamp = at(1)});
        test.append(fill.b, "k", 2, {.timestamp = at(2)});
        test.append(fill.a, "k", 3, {.timestamp = at(3)});
    }
    joined_streams j{shared};
    auto all = j.app.stream(j.a, {.name = "s"}) |
               weir::join(j.b, weir::within(1s), weir::grace(0s), text_of_pair);
    for (auto& s : all) {
        j.out.push_back(s);
        if (j.out.size() == 2) break;
    }
    CHECK(j.out == texts{"1-2", "3-2"});
}

TEST_CASE("a key that holds many messages is not copied with each change") {
    weir::app app{"app"};
    auto a = app.topic<string, counted>("a", {.partitions = 1});
    auto b = app.topic<string, counted>("b", {.partitions = 1});
    std::size_t pairs = 0;
    app.agent("j", a |
                       weir::join(b, weir::within(1h), weir::grace(0ms),
                                  [](const counted&, const counted&) { return 1; }) |
                       weir::for_each([&](int) { ++pairs; }));
    test_driver test{app};
    for (int n = 0; n < 1000; ++n) test.append(a, "k", counted{n}, {.timestamp = at(n)});
    counted::copies = 0;
    test.run();
    CHECK(counted::copies == 1000);
    test.append(b, "k", counted{1}, {.timestamp = at(1)});
    counted::copies = 0;
    test.run();
    CHECK(pairs == 1000);
    CHECK(counted::copies == 1);
}
