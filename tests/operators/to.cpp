// SPDX-License-Identifier: Apache-2.0
// to: what is sent, with which key, headers and timestamp, and what a failed send does.
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "driven.hpp"

namespace {

struct order {
    std::string account;
    int amount = 0;
    friend bool operator==(const order&, const order&) = default;
};

/// A value that counts how often it is encoded.
struct watched {
    int number = 0;
    static inline int encoded = 0;
};

}  // namespace

template <>
struct weir::codec<watched> {
    static void decode(bytes_view from, watched& into) { codec<int>::decode(from, into.number); }
    static void encode(const watched& v, bytes& onto) {
        ++watched::encoded;
        codec<int>::encode(v.number, onto);
    }
};

TEST_CASE("to sends every value with the key, headers and timestamp of its message") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("t", in | weir::map([](int i) { return 10 * i; }) | weir::to(out));
    test_driver test{app};
    const weir::timestamp when{5ms};
    const weir::headers headers{{"h", weir::bytes{"1"}}, {"h", weir::bytes{"2"}}, {"n"}};
    test.send(in, "k", 1, {.timestamp = when, .headers = headers});
    test.send(in, "l", 2);
    const auto events = test.events(out);
    REQUIRE(events.size() == 2);
    CHECK(events[0].key() == "k");
    CHECK(events[0].value() == 10);
    CHECK(events[0].timestamp() == when);
    CHECK(events[0].headers() == headers);
    CHECK(events[1].key() == "l");
    CHECK(events[1].value() == 20);
    CHECK(events[1].headers().empty());
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("to sends a null key as null") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    app.agent("t", in | weir::to("out"));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    test.send(in, weir::bytes{""}, 2);
    const auto events = test.events(test.peek<weir::bytes, int>("out"));
    REQUIRE(events.size() == 2);
    CHECK(events[0].key().is_null());
    CHECK_FALSE(events[1].key().is_null());
}

TEST_CASE("a topic that to names is made with as many partitions as the source") {
    weir::app app{"a"};
    auto in = app.topic<int>("in", {.partitions = 3});
    app.agent("t", in | weir::to("out"));
    test_driver test{app};
    CHECK(test.partitions("out") == std::optional{3});
}

TEST_CASE("to keeps a key in its partition and in order") {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in", {.partitions = 4});
    auto out = app.topic<std::string, int>("out", {.partitions = 4});
    app.agent("t", in | weir::to(out));
    test_driver test{app};
    for (int i = 0; i < 6; ++i) test.append(in, i % 2 ? "odd" : "even", i);
    test.run();
    numbers odd;
    std::vector<weir::partition_id> where;
    for (auto& e : test.events(out))
        if (e.key() == "odd") {
            odd.push_back(e.value());
            where.push_back(e.partition());
        }
    CHECK(odd == numbers{1, 3, 5});
    CHECK(where == std::vector{where[0], where[0], where[0]});
}

TEST_CASE("to is drawn as an arrow to its topic") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    auto out = app.topic<std::string, int>("out");
    app.agent("t", in | weir::map(&order::amount) | weir::to(out));
    CHECK(app.graph().text() == "agent t\n"
                                "  topic in : std::string, order\n"
                                "  | map : std::string, int\n"
                                "  | to\n"
                                "  -> topic out : std::string, int\n");
}

TEST_CASE("to sends a batch as one message: an array, the common key, the newest timestamp") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    auto out = app.topic<std::optional<std::string>, std::vector<order>>("out");
    app.agent("t", in | weir::take(2) | weir::to(out));
    test_driver test{app};
    const weir::timestamp early{5ms}, late{7ms};
    const weir::headers some{{"h", weir::bytes{"1"}}};
    test.send(in, "k", {"alice", 1}, {.timestamp = late, .headers = some});
    test.send(in, "k", {"bob", 2}, {.timestamp = early, .headers = some});
    test.send(in, "k", {"alice", 3});
    test.send(in, "l", {"bob", 4});
    const auto events = test.events(out);
    REQUIRE(events.size() == 2);
    CHECK(events[0].key() == std::optional<std::string>{"k"});
    CHECK(events[0].value() == std::vector<order>{{"alice", 1}, {"bob", 2}});
    CHECK(events[0].raw_value().view() ==
          R"([{"account":"alice","amount":1},{"account":"bob","amount":2}])");
    CHECK(events[0].timestamp() == late);
    CHECK(events[0].headers().empty());
    CHECK(events[1].key() == std::nullopt);
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("to sends the original bytes where the value is unchanged") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("same", in | weir::filter([](const order&) { return true; }) | weir::to("same"));
    app.agent("made", in | weir::map([](order o) { return o; }) | weir::to("made"));
    test_driver test{app};
    const auto spaced = R"( { "account" : "alice", "amount" : 1 } )";
    test.send_raw(in, {}, spaced);
    CHECK(test.events(test.peek<weir::bytes, order>("same")).at(0).raw_value().view() == spaced);
    CHECK(test.events(test.peek<weir::bytes, order>("made")).at(0).raw_value().view() ==
          R"({"account":"alice","amount":1})");
}

TEST_CASE("to encodes a value that was made once, and an unchanged one not at all") {
    weir::app app{"a"};
    auto in = app.topic<watched>("in");
    app.agent("same", in | weir::to("same"));
    app.agent("made", in | weir::map([](watched w) { return w; }) | weir::to("made"));
    test_driver test{app};
    test.append(in, std::nullopt, {1});
    watched::encoded = 0;
    test.run();
    CHECK(watched::encoded == 1);
}

TEST_CASE("a message that fails has sent nothing") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    const auto up_to = [](int n) {
        if (n == 2) throw std::runtime_error{"two!"};
        return numbers{n, n};
    };
    app.agent("t", in | weir::flat_map(up_to) | weir::to(out));
    test_driver test{app};
    for (int i : {1, 2, 3}) test.send(in, std::nullopt, i);
    CHECK(test.values(out) == numbers{1, 1, 3, 3});
}

TEST_CASE("a message is held until the broker has what was made of it") {
    weir::app app{"a", {.on_produce_error = weir::retry(2, 1s)}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("t", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out);
    test.send(in, std::nullopt, 1);
    CHECK(test.values(out).empty());
    CHECK(test.held(in, 0) == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{});
    test.advance(1s);
    CHECK(test.values(out) == numbers{1});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == committed{1});
    CHECK(test.errors().empty());
}

TEST_CASE("a send that failed for good stops the app by default, its source uncommitted") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    app.agent("t", in | weir::to(out));
    test_driver test{app};
    test.send(in, std::nullopt, 1);
    test.fail_next_send(out);
    test.send(in, std::nullopt, 2);
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == committed{1});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "produce");
    CHECK(test.errors().front().agent == "t");
    CHECK(test.errors().front().topic == "out");
}

TEST_CASE("a send that failed for good is skipped if its topic says so") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out", {.on_produce_error = weir::skip});
    app.agent("t", in | weir::to(out));
    test_driver test{app};
    test.fail_next_send(out);
    for (int i : {1, 2}) test.send(in, std::nullopt, i);
    CHECK(test.running());
    CHECK(test.values(out) == numbers{2});
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("to feeds a topic from a range, keys null") {
    weir::app app{"a"};
    auto out = app.topic<int>("out");
    app.agent("t", weir::from(numbers{1, 2, 3}) | weir::to(out));
    test_driver test{app};
    CHECK(test.values(out) == numbers{1, 2, 3});
    CHECK(test.events(out).at(0).key().is_null());
}

TEST_CASE("to refuses a name that Kafka forbids when its agent is added") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    CHECK_THROWS_WITH_AS(app.agent("t", in | weir::to("no/name")),
                         "\"no/name\" cannot be a topic's name: it must be 1 to 249 of the "
                         "characters a-z A-Z 0-9 . _ - and neither \".\" nor \"..\"",
                         weir::setup_error);
}

// ----------------------------------------------------------------------------- the topic is chosen

namespace {

auto by_price = [](const order& o) { return o.amount > 100 ? "dear" : "cheap"; };

}  // namespace

TEST_CASE("to sends each value to the topic that its function names") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in", {.partitions = 2});
    auto dear = app.topic<std::string, order>("dear");
    app.agent("t", in | weir::to(by_price, {.topics = {"dear", "cheap"}}));
    test_driver test{app};
    const weir::timestamp when{5ms};
    const weir::headers headers{{"h", weir::bytes{"1"}}};
    const auto spaced = R"( { "account": "ann", "amount": 500 } )";
    test.send_raw(in, "k", spaced, {.timestamp = when, .headers = headers});
    test.send(in, "l", {"bob", 5});
    const auto events = test.events(dear);
    REQUIRE(events.size() == 1);
    CHECK(events[0].key() == "k");
    CHECK(events[0].raw_value().view() == spaced);
    CHECK(events[0].headers() == headers);
    CHECK(events[0].timestamp() == when);
    const auto cheap = test.items(test.peek<std::string, order>("cheap"));
    CHECK(cheap == std::vector<std::pair<std::string, order>>{{"l", {"bob", 5}}});
    CHECK(test.partitions("dear") == std::optional{1});   // declared
    CHECK(test.partitions("cheap") == std::optional{2});  // as the source
    for (int p : {0, 1}) CHECK(test.held(in, p) == 0);
}

TEST_CASE("a chosen topic is named by a string, a view of one, or a field") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("string", in | weir::to([](const order& o) { return o.account + "-made"; },
                                      {.topics = {"ann-made"}}));
    app.agent("view", in | weir::to([](const order& o) { return std::string_view{o.account}; },
                                    {.topics = {"bob", "ann"}}));
    app.agent("field", in | weir::to(&order::account, {.topics = {"ann"}}));
    test_driver test{app};
    test.send(in, std::nullopt, {"ann", 1});
    CHECK(test.values(test.peek<weir::bytes, order>("ann-made")).size() == 1);
    CHECK(test.values(test.peek<weir::bytes, order>("ann")).size() == 2);
    CHECK(test.values(test.peek<weir::bytes, order>("bob")).empty());
}

TEST_CASE("every topic that to chooses from is drawn") {
    weir::app app{"a"};
    auto in = app.topic<std::string, order>("in");
    app.agent("t", in | weir::to(by_price, {.topics = {"dear", "cheap"}}));
    CHECK(app.graph().text() == "agent t\n"
                                "  topic in : std::string, order\n"
                                "  | to\n"
                                "  -> topic dear : std::string, order\n"
                                "  -> topic cheap : std::string, order\n");
}

TEST_CASE("a topic that is not listed is a failure, which names it and the list") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    const auto both = [](const order& o) { return std::vector<order>{{"ann", o.amount}, o}; };
    app.agent("t",
              in | weir::flat_map(both) | weir::to(&order::account, {.topics = {"ann", "bob"}}));
    test_driver test{app};
    test.send(in, std::nullopt, {"carol", 1});
    test.send(in, std::nullopt, {"bob", 2});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors().front().seam == "process");
    CHECK(test.errors().front().offset == 0);
    CHECK(test.errors().front().text ==
          "weir: to(f): 'carol' is not one of the topics that it chooses from: ann, bob");
    CHECK(test.values(test.peek<weir::bytes, order>("ann")) == std::vector<order>{{"ann", 2}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{2});
}

TEST_CASE("what is chosen is held until it is delivered, by its own topic's policy") {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    auto dear = app.topic<order>("dear", {.on_produce_error = weir::retry(1, 1s)});
    app.agent("t", in | weir::to(by_price, {.topics = {"dear", "cheap"}}));
    test_driver test{app};
    test.fail_next_send(dear);
    test.send(in, std::nullopt, {"ann", 500});
    CHECK(test.held(in, 0) == 1);
    test.advance(1s);
    CHECK(test.values(dear).size() == 1);
    CHECK(test.held(in, 0) == 0);
    test.fail_next_send("cheap");
    test.send(in, std::nullopt, {"bob", 5});
    CHECK_FALSE(test.running());
    CHECK(test.errors().front().topic == "cheap");
    CHECK(test.committed(in, 0) == committed{1});
}

TEST_CASE("a list of topics without one is refused, at once") {
    CHECK_THROWS_WITH_AS(weir::to(by_price, {.topics = {}}),
                         "weir: to(f) needs the topics that f chooses from: to(f, {.topics = "
                         "{\"dear\", \"cheap\"}})",
                         weir::setup_error);
}
