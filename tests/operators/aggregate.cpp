// SPDX-License-Identifier: Apache-2.0
// aggregate: three forms of its function, what it passes on, and what a failure leaves.
#include "state/counting.hpp"

#include <stdexcept>

namespace {

struct order {
    string account;
    double price = 0;
};
struct spent {
    double sum = 0;
    int orders = 0;
    void add(const order& o) { sum += o.price, ++orders; }
    friend bool operator==(const spent&, const spent&) = default;
};

using sums = std::map<string, int>;

/// 0 erases.
constexpr auto add_or_erase = [](const int& sum, int n) {
    return n == 0 ? std::optional<int>{} : std::optional{sum + n};
};

}  // namespace

TEST_CASE("aggregate changes the table's value in place") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto sum = app.table<string, int>("sum");
    trace got;
    app.agent("c", in | weir::aggregate(sum, [](int& s, int n) { s += n; }) |
                       weir::for_each([&](int s) { got.push_back(s); }));
    test_driver test{app};
    for (int n : {1, 2, 3}) test.send(in, "x", n);
    test.send(in, "y", 4);
    CHECK(got == trace{1, 3, 6, 4});
    CHECK(all_of(sum) == sums{{"x", 6}, {"y", 4}});
}

TEST_CASE("aggregate takes a function that returns the next value") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto sum = app.table<string, string>("all", {.init = ">"});
    texts got;
    app.agent("c", in | weir::aggregate(sum, [](const string& s, int n) {
                       return s + std::to_string(n);
                   }) | weir::for_each([&](const string& s) { got.push_back(s); }));
    test_driver test{app};
    for (int n : {1, 2, 3}) test.send(in, "x", n);
    CHECK(got == texts{">1", ">12", ">123"});
    CHECK(sum.get("z") == ">");
    test.restart();
    test.send(in, "x", 4);
    CHECK(sum.get("x") == ">1234");
}

TEST_CASE("aggregate erases the key if f returns an empty optional, and passes that on") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto sum = app.table<string, int>("sums", {.init = 100});
    std::vector<std::optional<int>> got;
    app.agent("c", in | weir::aggregate(sum, add_or_erase) |
                       weir::for_each([&](const std::optional<int>& n) { got.push_back(n); }));
    test_driver test{app};
    test.send(in, "x", 2);
    test.send(in, "y", 1);
    test.commit();
    test.send(in, "x", 0);
    CHECK(!sum.contains("x"));
    CHECK(sum.get("x") == 100);
    CHECK(got == std::vector<std::optional<int>>{102, 101, std::nullopt});
    test.restart();
    CHECK(all_of(sum) == sums{{"y", 101}});
    test.send(in, "x", 5);  // begins with .init again
    CHECK(sum.get("x") == 105);
    test.send(in, "z", 0);  // erases what is not there
    test.restart();
    CHECK(all_of(sum) == sums{{"x", 105}, {"y", 101}});
}

TEST_CASE("aggregate takes a generic lambda and a member function of its value") {
    weir::app app{"a"};
    auto in = app.topic<string, order>("in");
    auto one = app.table<string, spent>("one");
    auto two = app.table<string, spent>("two");
    app.agent("c", in | weir::aggregate(one, &spent::add));
    app.agent("d", in | weir::aggregate(two, [](auto& s, const auto& o) {
                       s.sum += o.price;
                       ++s.orders;
                   }));
    test_driver test{app};
    test.send(in, "x", {"ann", 2.5});
    test.send(in, "x", {"bob", 4});
    CHECK(one.get("x") == spent{6.5, 2});
    CHECK(two.get("x") == spent{6.5, 2});
}

TEST_CASE("aggregate is drawn with its table, and with an optional if f may erase") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    app.agent("c", in | weir::aggregate(app.table<string, double>("one"),
                                        [](double& s, int n) { s += n; }));
    app.agent("d", in | weir::aggregate(app.table<string, int>("two"), add_or_erase));
    CHECK(app.graph().text() == "agent c\n"
                                "  topic in : std::string, int\n"
                                "  | aggregate one : std::string, double\n"
                                "  -> table one : std::string, double\n"
                                "     -> topic a-one-changelog : std::string, double\n"
                                "agent d\n"
                                "  topic in : std::string, int\n"
                                "  | aggregate two : std::string, std::optional<int>\n"
                                "  -> table two : std::string, int\n"
                                "     -> topic a-two-changelog : std::string, int\n");
}

TEST_CASE("aggregate behind group_by: the table is keyed by the field") {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders", {.partitions = 2});
    auto totals = app.table<string, spent>("totals");
    app.agent("t", orders | weir::group_by(&order::account) |
                       weir::aggregate(totals, [](spent& s, const order& o) { s.add(o); }));
    test_driver test{app};
    test.send(orders, {"ann", 2.5});
    test.send(orders, {"bob", 1});
    test.send(orders, {"ann", 4});
    CHECK(totals.get("ann") == spent{6.5, 2});
    test.restart();
    CHECK(totals.get("ann") == spent{6.5, 2});
    CHECK(totals.get("bob") == spent{1, 1});
}

TEST_CASE("aggregate passes over null values") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto sum = app.table<string, int>("sum");
    int calls = 0;
    app.agent("c", in | weir::aggregate(sum, [&](int& s, int n) {  // gets no optional
                       ++calls;
                       s += n;
                   }));
    test_driver test{app};
    test.send(in, "x", 2);
    test.send(in, "x", std::nullopt);
    test.send(in, "y", std::nullopt);
    CHECK(calls == 1);
    CHECK(all_of(sum) == sums{{"x", 2}});
}

TEST_CASE("an f that throws halfway has changed nothing") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, numbers>("in");
    auto sum = app.table<string, int>("sum");
    trace got;
    app.agent("c", in | weir::flat_map(std::identity{}) |
                       weir::aggregate(sum,
                                       [](int& s, int n) {
                                           s += n;
                                           if (n == 13) throw std::runtime_error{"thirteen"};
                                       }) |
                       weir::take(1) | weir::flat_map(std::identity{}) |
                       weir::for_each([&](int s) { got.push_back(s); }));
    test_driver test{app};
    test.send(in, "x", numbers{1});
    test.send(in, "x", numbers{2, 13});
    test.send(in, "y", numbers{13});
    CHECK(all_of(sum) == sums{{"x", 1}});
    test.send(in, "x", numbers{4});
    CHECK(sum.get("x") == 5);
    CHECK(test.errors().size() == 2);
}

TEST_CASE("erasing is undone with a message that fails") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, numbers>("in");
    auto sum = app.table<string, int>("sum");
    bool fails = true;
    app.agent("c",
              in | weir::flat_map(std::identity{}) | weir::aggregate(sum, add_or_erase) |
                  weir::for_each([&](const std::optional<int>& n) {
                      if (n == 7 && fails) throw std::runtime_error{"seven"};
                  }),
              {.on_error = weir::retry(1, 1s).then(weir::skip)});
    test_driver test{app};
    test.send(in, "x", numbers{1, 2});
    test.send(in, "x", numbers{0, 7});  // erased, begun anew, failed
    CHECK(sum.get("x") == 3);
    CHECK(sum.size() == 1);
    test.advance(1s);
    CHECK(sum.get("x") == 3);
    fails = false;
    test.send(in, "x", numbers{0, 7, 0});
    CHECK(!sum.contains("x"));
    CHECK(sum.size() == 0);
}

TEST_CASE("an erase that is the last change of a message that fails is undone") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto sum = app.table<string, int>("sum");
    app.agent("c", in | weir::aggregate(sum, add_or_erase) |
                       weir::for_each([](const std::optional<int>& n) {
                           if (!n) throw std::runtime_error{"erased"};
                       }));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "x", 0);
    CHECK(sum.get("x") == 1);
    CHECK(sum.size() == 1);
}

TEST_CASE("aggregate passes on a value of its own: a later change does not show in it") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto sum = app.table<string, int>("sum");
    batches got;
    app.agent("c", in | weir::flat_map([](int i) {
                       return numbers{i, i};
                   }) | weir::aggregate(sum, [](int& s, int n) { s += n; }) |
                       weir::take(4) | weir::for_each([&](const weir::batch<int>& b) {
                           got.emplace_back(b.begin(), b.end());
                       }));
    test_driver test{app};
    for (int n : {1, 2}) test.send(in, "x", n);
    CHECK(got == batches{{1, 2, 4, 6}});
}
