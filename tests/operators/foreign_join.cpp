// SPDX-License-Identifier: Apache-2.0
// Tables that are joined by a key in the values of the first one.
#include "driven.hpp"

#include <map>

namespace {

using std::string;
struct order {
    string customer;
    int price = 0;
};
using nullable_order = std::optional<order>;

/// "k: result", or "k: -" where there is none any more.
struct joining {
    silent hush{};
    weir::app app;
    weir::topic<int, order> orders;
    weir::topic<string, string> people;
    texts out{};
    test_driver test;

    template <class Join>
    explicit joining(Join join, weir::partition_id left = 3, weir::partition_id right = 2)
        : app{"a", {.hooks = &hush}},
          orders(app.topic<int, order>("orders", {.partitions = left})),
          people(app.topic<string, string>("people", {.partitions = right})),
          test((app.agent("j", join(app.table(orders), app.table(people)) | weir::items() |
                                   weir::for_each([this](const auto& i) {
                                       out.push_back(std::to_string(i.key()) + ": " +
                                                     i.value().value_or("-"));
                                   })),
                app)) {}
    texts take() { return std::exchange(out, {}); }
};
string joined(const order& o, const string& name) { return name + ' ' + std::to_string(o.price); }
string joined_or_none(const order& o, const string* name) {
    return (name ? *name : "nobody") + ' ' + std::to_string(o.price);
}
auto inner() {
    return [](auto t1, auto t2) { return weir::join(t1, &order::customer, t2, joined); };
}
auto left() {
    return [](auto t1, auto t2) {
        return weir::left_join(
            t1,
            [](const order& o) {
                return o.customer.empty() ? std::optional<string>{} : std::optional{o.customer};
            },
            t2, joined_or_none);
    };
}

}  // namespace

TEST_CASE("semantics 93: a row is joined with the row of another table that its value names") {
    joining j{inner()};
    j.test.send(j.orders, 1, order{"ann", 5});
    CHECK(j.take().empty());
    j.test.send(j.people, "ann", "Ann");
    CHECK(j.take() == texts{"1: Ann 5"});
    j.test.send(j.orders, 2, order{"ann", 7});
    CHECK(j.take() == texts{"2: Ann 7"});
    j.test.send(j.orders, 1, order{"ann", 6});
    CHECK(j.take() == texts{"1: Ann 6"});
    j.test.send(j.people, "ann", "Anne");  // both have it
    auto both = j.take();
    std::sort(both.begin(), both.end());
    CHECK(both == texts{"1: Anne 6", "2: Anne 7"});
    j.test.send(j.people, "bob", "Bob");
    CHECK(j.take().empty());
    j.test.send(j.orders, 1, order{"bob", 6});  // it names another one
    CHECK(j.take() == texts{"1: Bob 6"});
    j.test.send(j.people, "ann", "Ann");
    CHECK(j.take() == texts{"2: Ann 7"});
}

TEST_CASE("semantics 93: a result is withdrawn when one of its rows goes") {
    joining j{inner()};
    j.test.send(j.orders, 1, order{"ann", 5});
    j.test.send(j.people, "ann", "Ann");
    j.take();
    j.test.send(j.people, "ann", std::nullopt);
    CHECK(j.take() == texts{"1: -"});
    j.test.send(j.people, "ann", "Ann");
    CHECK(j.take() == texts{"1: Ann 5"});
    j.test.send(j.orders, 1, order{"eve", 5});  // whom nobody knows
    CHECK(j.take() == texts{"1: -"});
    j.test.send(j.orders, 1, order{"ann", 5});
    CHECK(j.take() == texts{"1: Ann 5"});
    j.test.send(j.orders, 1, std::nullopt);
    CHECK(j.take() == texts{"1: -"});
    j.test.send(j.people, "ann", "Anne");  // nobody asks for it any more
    CHECK(j.take().empty());
    j.test.send(j.orders, 9, std::nullopt);
    CHECK(j.take().empty());
}

TEST_CASE("semantics 93: a left join passes on rows without a match, and those that name none") {
    joining j{left()};
    j.test.send(j.orders, 1, order{"ann", 5});
    CHECK(j.take() == texts{"1: nobody 5"});
    j.test.send(j.people, "ann", "Ann");
    CHECK(j.take() == texts{"1: Ann 5"});
    j.test.send(j.people, "ann", std::nullopt);
    CHECK(j.take() == texts{"1: nobody 5"});
    j.test.send(j.orders, 2, order{"", 7});
    CHECK(j.take() == texts{"2: nobody 7"});
    j.test.send(j.orders, 2, order{"ann", 7});
    CHECK(j.take() == texts{"2: nobody 7"});
    j.test.send(j.orders, 2, order{"", 8});
    CHECK(j.take() == texts{"2: nobody 8"});
    j.test.send(j.orders, 2, std::nullopt);
    CHECK(j.take() == texts{"2: -"});
    j.test.send(j.orders, 1, std::nullopt);
    CHECK(j.take() == texts{"1: -"});
}

TEST_CASE("semantics 93: an answer to a row that has changed since is passed over, and counted") {
    joining j{inner()};
    j.test.send(j.people, "ann", "Ann");
    j.test.append(j.orders, 1, order{"ann", 5});
    j.test.append(j.orders, 1, order{"ann", 6});
    j.test.append(j.orders, 1, order{"ann", 7});
    j.test.run();
    CHECK(j.take() == texts{"1: Ann 7"});
    CHECK(j.app.counters().passed_over == 2);
}

TEST_CASE("semantics 93: after a crash the last result of each key is right") {
    weir::app_options shared{.broker = "memory://foreign-crash"};
    silent hush{};
    shared.hooks = &hush;
    std::map<int, string> results;
    struct process {
        weir::app app;
        weir::topic<int, order> orders;
        weir::topic<string, string> people;
        process(const weir::app_options& o, std::map<int, string>& results)
            : app{"a", o},
              orders(app.topic<int, order>("orders", {.partitions = 2})),
              people(app.topic<string, string>("people", {.partitions = 2})) {
            app.agent("j",
                      weir::join(app.table(orders), &order::customer, app.table(people), joined) |
                          weir::items() | weir::for_each([&](const auto& i) {
                              results[i.key()] = i.value().value_or("-");
                          }));
        }
    };
    process one{shared, results};
    test_driver test{one.app};
    test.send(one.people, "ann", "Ann");
    test.send(one.orders, 1, order{"ann", 5});
    test.commit();
    test.send(one.orders, 2, order{"ann", 6});
    test.send(one.people, "bob", "Bob");
    test.send(one.orders, 1, order{"bob", 7});
    test.kill(one.app);
    process two{shared, results};
    test.add(two.app);
    test.send(two.people, "ann", "Anne");
    test.send(two.people, "bob", std::nullopt);
    test.advance(10s);
    CHECK(results == std::map<int, string>{{1, "-"}, {2, "Anne 6"}});
}

TEST_CASE("a key that throws is the agent's failure, and the row keeps its last result") {
    silent hush{};
    weir::app app{"a", {.hooks = &hush}};
    auto orders = app.topic<int, order>("orders", {.partitions = 1});
    auto people = app.topic<string, string>("people", {.partitions = 1});
    texts out;
    app.agent("j", weir::join(
                       app.table(orders),
                       [](const order& o) {
                           if (o.price == 13) throw std::runtime_error{"thirteen"};
                           return o.customer;
                       },
                       app.table(people), joined) |
                       weir::for_each([&](const std::optional<string>& s) {
                           out.push_back(s.value_or("-"));
                       }));
    test_driver test{app};
    test.send(people, "ann", "Ann");
    test.send(orders, 1, order{"ann", 5});
    test.send(orders, 1, order{"ann", 13});
    CHECK(out == texts{"Ann 5"});
    CHECK(app.counters().process.skipped == 1);
    test.send(orders, 1, order{"ann", 6});
    CHECK(out == texts{"Ann 5", "Ann 6"});
}

TEST_CASE("what a message that fails has asked for is not kept") {
    weir::detail::subscribers<string> s;
    auto first = s.set("k", 5), second = s.set("k", 0);
    CHECK(s.empty());
    s.undo(second);
    CHECK(s.who.at("k") == 5);
    s.undo(first);
    CHECK(s.empty());
    auto value = s.set_value(std::make_shared<const string>("v"), weir::timestamp{7ms});
    CHECK(*s.value == "v");
    s.undo(value);
    CHECK(s.empty());
}
