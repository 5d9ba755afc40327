// SPDX-License-Identifier: Apache-2.0
// group_by: the topic it makes, the key it gives, and what stays as it was.
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

namespace {

struct order {
    std::string account, product;
    int amount = 0;
    friend bool operator==(const order&, const order&) = default;
};

auto account_of = [](const order& o) { return o.account; };

}  // namespace

TEST_CASE("group_by gives each value its field as the key, in a topic named after the agent") {
    weir::app app{"shop"};
    auto in = app.topic<int, order>("orders");
    std::vector<std::string> got;
    app.agent("g", in | weir::group_by(&order::account) |
                       weir::for_each([&](const order& o) { got.push_back(o.account); }));
    test_driver test{app};
    test.send(in, 7, {"alice", "p", 1});
    test.send(in, 8, {"bob", "p", 2});
    CHECK(got == std::vector<std::string>{"alice", "bob"});
    const auto mid = test.peek<std::string, order>("shop-g-account-repartition");
    using item = std::pair<std::string, order>;
    CHECK(test.items(mid) ==
          std::vector<item>{{"alice", {"alice", "p", 1}}, {"bob", {"bob", "p", 2}}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
    CHECK(test.committed("shop-g-account-repartition", 0) == committed{2});
}

TEST_CASE("all values of one key are in one partition, in the order of their source") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders", {.partitions = 4});
    app.agent("g", in | weir::group_by(&order::account) | weir::for_each([](const order&) {}));
    test_driver test{app};
    for (int i = 0; i < 8; ++i)
        test.append(in, std::nullopt, {i % 2 ? "odd" : "even", "p", i}, {.partition = i % 2});
    test.run();
    const auto mid = test.peek<std::string, order>("shop-g-account-repartition");
    CHECK(test.partitions(mid) == std::optional{4});
    for (const char* key : {"odd", "even"}) {
        numbers amounts;
        std::vector<weir::partition_id> where;
        for (auto& e : test.events(mid))
            if (e.key() == key) {
                amounts.push_back(e.value().amount);
                where.push_back(e.partition());
            }
        const int first = key[0] == 'o' ? 1 : 0;
        CHECK(amounts == numbers{first, first + 2, first + 4, first + 6});
        CHECK(where == std::vector<weir::partition_id>(4, where.at(0)));
    }
}

TEST_CASE("group_by keeps headers, timestamp and the original bytes") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    app.agent("g", in | weir::group_by(&order::account));
    test_driver test{app};
    const weir::timestamp when{5ms};
    const weir::headers headers{{"h", weir::bytes{"1"}}, {"n"}};
    const auto spaced = R"( { "account": "alice", "product": "p", "amount": 1 } )";
    test.send_raw(in, "old", spaced, {.timestamp = when, .headers = headers});
    const auto mid = test.peek<std::string, order>("shop-g-account-repartition");
    const auto e = test.events(mid).at(0);
    CHECK(e.key() == "alice");
    CHECK(e.raw_value().view() == spaced);
    CHECK(e.timestamp() == when);
    CHECK(e.headers() == headers);
}

TEST_CASE("the key behind group_by has the type of the field") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    auto out = app.topic<int, order>("out");
    app.agent("g", in | weir::group_by(&order::amount) | weir::to(out));
    CHECK(app.graph().text() == "agent g\n"
                                "  topic orders : std::string, order\n"
                                "  | group_by amount : int, order\n"
                                "  topic shop-g-amount-repartition : int, order\n"
                                "  | to\n"
                                "  -> topic out : int, order\n");
    test_driver test{app};
    test.send(in, "k", {"alice", "p", 5});
    CHECK(test.items(out).at(0).first == 5);
}

TEST_CASE("a callable groups under the name it is given") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    app.agent("one", in | weir::group_by(account_of, "who"));
    app.agent("two", in | weir::group_by(account_of, {.name = "who", .partitions = 5}));
    test_driver test{app};
    test.send(in, std::nullopt, {"alice", "p", 1});
    CHECK(test.items(test.peek<std::string, order>("shop-one-who-repartition")).at(0).first ==
          "alice");
    CHECK(test.partitions("shop-one-who-repartition") == std::optional{1});
    CHECK(test.partitions("shop-two-who-repartition") == std::optional{5});
}

TEST_CASE("options rename a field's topic and choose its partitions") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders", {.partitions = 3});
    app.agent("g", in | weir::group_by(&order::account, {.name = "who", .partitions = 1}));
    test_driver test{app};
    CHECK(test.partitions("shop-g-who-repartition") == std::optional{1});
}

TEST_CASE("group_by twice in one pipeline, by the same field: the second topic has a number") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    numbers got;
    app.agent("g", in | weir::group_by(&order::account) | weir::group_by(&order::product) |
                       weir::group_by(&order::account) |
                       weir::for_each([&](const order& o) { got.push_back(o.amount); }));
    test_driver test{app};
    for (int i : {1, 2}) test.send(in, std::nullopt, {"alice", "p", i});
    CHECK(got == numbers{1, 2});
    for (const char* name : {"shop-g-account-repartition", "shop-g-product-repartition",
                             "shop-g-account-repartition-2"})
        CHECK(test.values(test.peek<weir::bytes, order>(name)).size() == 2);
}

TEST_CASE("group_by runs where it is written: behind map it re-keys the mapped value") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    const auto doubled = [](order o) {
        o.account += o.account;
        return o;
    };
    app.agent("g", in | weir::map(doubled) | weir::group_by(&order::account));
    test_driver test{app};
    test.send(in, std::nullopt, {"al", "p", 1});
    const auto mid = test.peek<std::string, order>("shop-g-account-repartition");
    CHECK(test.items(mid).at(0) == std::pair<std::string, order>{"alal", {"alal", "p", 1}});
}

TEST_CASE("a message is held until the broker has it under its new key") {
    weir::app app{"shop", {.on_produce_error = weir::retry(1, 1s)}};
    auto in = app.topic<order>("orders");
    numbers got;
    app.agent("g", in | weir::group_by(&order::account) |
                       weir::for_each([&](const order& o) { got.push_back(o.amount); }));
    test_driver test{app};
    test.fail_next_send("shop-g-account-repartition");
    test.send(in, std::nullopt, {"alice", "p", 1});
    CHECK(test.held(in, 0) == 1);
    CHECK(got.empty());
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1s);
    CHECK(test.held(in, 0) == 0);
    CHECK(got == numbers{1});
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a send that failed for good stops the app by default, its source uncommitted") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    app.agent("g", in | weir::group_by(&order::account));
    test_driver test{app};
    test.fail_next_send("shop-g-account-repartition");
    test.send(in, std::nullopt, {"alice", "p", 1});
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{});
}

TEST_CASE("a value whose key function throws follows the agent's policy and is counted") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    const auto key = [](const order& o) {
        if (o.account.empty()) throw std::runtime_error{"no account"};
        return o.account;
    };
    app.agent("g", in | weir::group_by(key, "account"));
    test_driver test{app};
    test.send(in, std::nullopt, {"", "p", 1});
    test.send(in, std::nullopt, {"bob", "p", 2});
    const auto mid = test.peek<std::string, order>("shop-g-account-repartition");
    CHECK(test.values(mid) == std::vector<order>{{"bob", "p", 2}});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "process");
    CHECK(test.errors().front().agent == "g");
    CHECK(test.errors().front().offset == 0);
    CHECK(test.errors().front().text == "no account");
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("a grouped stream is batched and sent on under its key") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    app.agent("g", in | weir::group_by(&order::account) | weir::take(2, 10s) | weir::through("t"));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, {"alice", "p", i});
    const auto t = test.peek<std::optional<std::string>, std::vector<order>>("t");
    CHECK(test.values(t).size() == 1);
    CHECK(test.held("shop-g-account-repartition", 0) == 1);
    test.advance(10s);
    REQUIRE(test.items(t).size() == 2);
    CHECK(test.items(t)[1].first == std::optional<std::string>{"alice"});
    CHECK(test.items(t)[1].second == std::vector<order>{{"alice", "p", 3}});
    test.commit();
    CHECK(test.committed("shop-g-account-repartition", 0) == committed{3});
}

TEST_CASE("group_by refuses an empty name, at once") {
    CHECK_THROWS_WITH_AS(weir::group_by(account_of, ""),
                         "weir: group_by(callable) needs a name, which names its topic: "
                         "group_by(f, \"account\")",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(weir::group_by(account_of, {.partitions = 2}),
                         "weir: group_by(callable) needs a name, which names its topic: "
                         "group_by(f, \"account\")",
                         weir::setup_error);
}

TEST_CASE("group_by refuses a name that Kafka forbids when its agent is added") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    CHECK_THROWS_WITH_AS(app.agent("g", in | weir::group_by(account_of, "a b")),
                         "\"shop-g-a b-repartition\" cannot be a topic's name: it must be 1 to 249 "
                         "of the characters a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"",
                         weir::setup_error);
}

TEST_CASE("a pulled stream with a group_by needs a name") {
    weir::app app{"shop"};
    auto in = app.topic<order>("orders");
    test_driver test{app};
    const auto nameless = app.stream(in | weir::group_by(&order::account));
    CHECK_THROWS_WITH_AS(nameless.begin(),
                         "weir: a stream with a group_by needs a name, which names its topic: "
                         "app.stream(…, {.name = …})",
                         weir::setup_error);
}
