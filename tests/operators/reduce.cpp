// SPDX-License-Identifier: Apache-2.0
// reduce: the first value of a key, then what its function makes.
#include "state/counting.hpp"

#include <algorithm>
#include <stdexcept>

namespace {

constexpr auto add = [](int a, int b) { return a + b; };

auto into(trace& got) {
    return weir::for_each([&got](int n) { got.push_back(n); });
}

struct bid {
    string who;
    int price = 0;
    bid higher(const bid& other) const { return price < other.price ? other : *this; }
    friend bool operator==(const bid&, const bid&) = default;
};

}  // namespace

TEST_CASE("reduce keeps the first value, then what f makes") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto least = app.table<string, int>("least", {.init = -1});
    trace got;
    int calls = 0;
    app.agent("c", in | weir::reduce(least, [&](int a, int b) {
                       ++calls;
                       return std::min(a, b);
                   }) | into(got));
    test_driver test{app};
    for (int n : {3, 1, 4}) test.send(in, "x", n);
    CHECK(got == trace{3, 1, 1});
    CHECK(calls == 2);
    CHECK(least.get("x") == 1);
    test.restart();
    test.send(in, "x", 0);  // f is called with what was restored
    CHECK(calls == 3);
    CHECK(got == trace{3, 1, 1, 0});
}

TEST_CASE("reduce gives f the last result first, then the value") {
    weir::app app{"a"};
    auto in = app.topic<string, string>("in");
    auto all = app.table<string, string>("all");
    texts got;
    app.agent("c", in | weir::reduce(all, [](const string& last, const string& v) {
                       return last + v;
                   }) | weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    for (auto* v : {"a", "b", "c"}) test.send(in, "x", v);
    CHECK(got == texts{"a", "ab", "abc"});
}

TEST_CASE("reduce is drawn with its table") {
    weir::app app{"a"};
    auto in = app.topic<string, double>("in");
    app.agent("c", in | weir::reduce(app.table<string, double>("sums"), std::plus{}));
    CHECK(app.graph().text() == "agent c\n"
                                "  topic in : std::string, double\n"
                                "  | reduce sums : std::string, double\n"
                                "  -> table sums : std::string, double\n"
                                "     -> topic a-sums-changelog : std::string, double\n");
}

TEST_CASE("reduce takes a member function for f") {
    weir::app app{"a"};
    auto in = app.topic<string, bid>("in");
    auto best = app.table<string, bid>("best");
    app.agent("c", in | weir::reduce(best, &bid::higher));
    test_driver test{app};
    test.send(in, "x", {"ann", 3});
    test.send(in, "x", {"bob", 9});
    test.send(in, "x", {"eve", 5});
    CHECK(best.get("x") == bid{"bob", 9});
    test.restart();
    CHECK(best.get("x") == bid{"bob", 9});
}

TEST_CASE("reduce passes over null values") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto sums = app.table<string, int>("sums");
    trace got;
    app.agent("c", in | weir::reduce(sums, add) | into(got));
    test_driver test{app};
    test.send(in, "x", std::nullopt);
    CHECK(!sums.contains("x"));
    test.send(in, "x", 2);
    test.send(in, "x", std::nullopt);
    test.send(in, "x", 3);
    CHECK(got == trace{2, 5});
}

TEST_CASE("several values of one message: each meets what the one before has made") {
    weir::app app{"a"};
    auto in = app.topic<string, numbers>("in");
    auto sums = app.table<string, int>("sums");
    trace got;
    app.agent("c", in | weir::flat_map(std::identity{}) | weir::reduce(sums, add) | into(got));
    test_driver test{app};
    test.send(in, "x", numbers{1, 2, 3});
    test.send(in, "x", numbers{});
    test.send(in, "x", numbers{4});
    CHECK(got == trace{1, 3, 6, 10});
}

TEST_CASE("what f throws follows the agent's policy, and its message has changed nothing") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, numbers>("in");
    auto sums = app.table<string, int>("sums");
    trace got;
    app.agent("c", in | weir::flat_map(std::identity{}) |
                       weir::reduce(sums,
                                    [](int a, int b) {
                                        if (b == 13) throw std::runtime_error{"thirteen"};
                                        return a + b;
                                    }) |
                       weir::take(1) | weir::flat_map(std::identity{}) | into(got));
    test_driver test{app};
    test.send(in, "x", numbers{1, 2});
    test.send(in, "x", numbers{3, 13});  // 6 is taken back
    CHECK(sums.get("x") == 3);
    test.send(in, "y", numbers{5, 13});  // so is the first value of a key
    CHECK(!sums.contains("y"));
    test.send(in, "x", numbers{4});
    CHECK(sums.get("x") == 7);
    CHECK(test.errors().size() == 2);
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("reduce stands between calls, batches and merged streams") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, int>("other");
    auto sums = app.table<string, int>("sums");
    batches got;
    const auto late = [](int i) -> weir::task<int> {
        co_await weir::sleep(1s);
        co_return i;
    };
    app.agent("c", (in & (other | weir::map(late))) | weir::take(2, 1min) |
                       weir::flat_map(std::identity{}) | weir::reduce(sums, add) |
                       weir::take(2, 1min) | weir::for_each([&](const weir::batch<int>& b) {
                           got.emplace_back(b.begin(), b.end());
                       }));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(other, "x", 10);
    test.send(in, "y", 2);
    test.send(in, "x", 3);
    test.advance(2min);
    std::size_t n = 0;
    for (auto& b : got) n += b.size();
    CHECK(n == 4);
    CHECK(all_of(sums) == std::map<string, int>{{"x", 14}, {"y", 2}});
    test.restart();
    CHECK(all_of(sums) == std::map<string, int>{{"x", 14}, {"y", 2}});
}

TEST_CASE("a result of reduce has the largest timestamp of what went into it") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto out = app.topic<string, int>("out");
    app.agent("c", in | weir::reduce(app.table<string, int>("sums"), add) | weir::to(out));
    test_driver test{app};
    const auto at = [](int s) { return weir::timestamp{std::chrono::seconds{s}}; };
    for (int s : {30, 10, 40}) test.send(in, "x", 1, {.timestamp = at(s)});
    std::vector<weir::timestamp> times;
    for (auto& e : test.events(out)) times.push_back(e.timestamp());
    CHECK(times == std::vector{at(30), at(30), at(40)});
}
