// SPDX-License-Identifier: Apache-2.0
// Re-keying, with one source; and batches that are sent.
#include <map>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include "driven.hpp"

namespace {

struct order {
    std::string account_id;
    int product_id = 0;
    friend bool operator==(const order&, const order&) = default;
};
using orders = std::vector<order>;
const auto drain = weir::for_each([](const order&) {});

template <class P>
using key_of = typename P::key;

/// Has a codec of its own, and so has its vector.
struct cents {
    int n = 0;
    friend bool operator==(const cents&, const cents&) = default;
};

}  // namespace

template <>
struct weir::codec<cents> {
    static void decode(bytes_view from, cents& into) {
        into.n = std::stoi(std::string{from.view()});
    }
    static void encode(const cents& v, bytes& onto) { onto.append(std::to_string(v.n)); }
};
template <>
struct weir::codec<std::vector<cents>> {
    static void decode(bytes_view from, std::vector<cents>& into) {
        into.assign(from.size(), {});
        for (std::size_t i = 0; i < from.size(); ++i) into[i].n = from.view()[i] - '0';
    }
    static void encode(const std::vector<cents>& all, bytes& onto) {
        for (auto& v : all) onto.append(std::to_string(v.n));
    }
};

TEST_CASE("semantics 38: group_by(&order::account_id) goes through the internal topic "
          "{app}-{agent}-account_id-repartition") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders", {.partitions = 3});
    orders seen;
    auto grouped = in | weir::group_by(&order::account_id);
    static_assert(std::is_same_v<key_of<decltype(grouped)>, std::string>);
    app.agent("totals", grouped | weir::for_each([&](const order& o) { seen.push_back(o); }));
    test_driver test{app};
    const std::string name = "shop-totals-account_id-repartition";
    CHECK(test.partitions(name) == 3);  // declared, created, and as many as that
    const weir::timestamp when{12'345ms};
    const weir::headers headers{{"trace", weir::bytes{"1"}}, {"trace", {}}};
    test.send(in, "x", {"alice", 7}, {.partition = 2, .timestamp = when, .headers = headers});
    CHECK(seen == orders{{"alice", 7}});
    const auto there = test.events(test.peek<std::string, order>(name));
    REQUIRE(there.size() == 1);
    CHECK(there[0].key() == "alice");
    CHECK(there[0].value() == order{"alice", 7});
    CHECK(there[0].headers() == headers);
    CHECK(there[0].timestamp() == when);
    test.commit();
    CHECK(test.committed(in, 2) == 1);
    CHECK(test.committed(name, there[0].partition()) == 1);
}

TEST_CASE("semantics 38: the key is the field, encoded; the stream's key type becomes the "
          "field's") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    auto grouped = in | weir::group_by(&order::product_id);
    static_assert(std::is_same_v<key_of<decltype(grouped)>, int>);
    app.agent("a", grouped | drain);
    test_driver test{app};
    test.send(in, "x", {"alice", 258});
    const std::string name = "shop-a-product_id-repartition";
    const auto there = test.events(test.peek<weir::bytes, order>(name));
    REQUIRE(there.size() == 1);
    CHECK(there[0].raw_key() == weir::bytes_view{"\0\0\1\2", 4});
    CHECK(test.items(test.peek<int, order>(name))[0].first == 258);
}

TEST_CASE("semantics 38: a second of that name in one agent gets -2; another agent its own") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    const auto by_account = weir::group_by(&order::account_id);
    app.agent("a", in | by_account | weir::group_by(&order::product_id) | by_account | drain);
    app.agent("b", in | by_account | drain);
    test_driver test{app};
    test.send(in, "x", {"alice", 1});
    for (const std::string name :
         {"shop-a-account_id-repartition", "shop-a-product_id-repartition",
          "shop-a-account_id-repartition-2", "shop-b-account_id-repartition"}) {
        CAPTURE(name);
        CHECK(test.values(test.peek<std::string, order>(name)) == orders{{"alice", 1}});
    }
}

TEST_CASE("semantics 38: the source is resolved first: one that exists gives its count") {
    weir::app app{"shop", {.broker = "memory://group-by-exists"}};
    const auto broker = weir::transport::memory_broker::named("group-by-exists");
    broker->create_topic({"orders", 5});
    auto in = app.topic<std::string, order>("orders");
    app.agent("a", in | weir::group_by(&order::account_id) | drain);
    test_driver test{app};
    CHECK(test.partitions(in) == 5);
    CHECK(test.partitions("shop-a-account_id-repartition") == 5);
}

TEST_CASE("semantics 38: created with as many partitions as it was told") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders", {.partitions = 3});
    app.agent("a",
              in | weir::group_by(&order::account_id, {.partitions = 7}) |
                  weir::group_by([](const order& o) { return o.product_id; }, {.name = "product"}) |
                  drain);
    test_driver test{app};
    CHECK(test.partitions("shop-a-account_id-repartition") == 7);
    CHECK(test.partitions("shop-a-product-repartition") == 7);  // its source's
}

TEST_CASE("semantics 38: all values of one key meet in one partition, in order") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders", {.partitions = 4});
    app.agent("a", in | weir::group_by(&order::account_id) | drain);
    test_driver test{app};
    for (int n = 0; n < 12; ++n)
        test.send(in, "x", {n % 2 ? "alice" : "bob", n}, {.partition = n % 4});
    std::map<std::string, std::map<weir::partition_id, std::vector<int>>> where;
    for (auto& e : test.events(test.peek<std::string, order>("shop-a-account_id-repartition")))
        where[e.key()][e.partition()].push_back(e.value().product_id);
    REQUIRE(where.size() == 2);
    CHECK(where["alice"].size() == 1);
    CHECK(where["alice"].begin()->second == std::vector<int>{1, 3, 5, 7, 9, 11});
    CHECK(where["bob"].begin()->second == std::vector<int>{0, 2, 4, 6, 8, 10});
}

TEST_CASE("semantics 38: a pull stream with a group_by needs a name") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    test_driver test{app};
    test.append(in, "x", {"alice", 1});
    auto s = app.stream(in) | weir::group_by(&order::account_id);
    CHECK_THROWS_AS(s.begin(), weir::setup_error);
    orders seen;
    auto named = app.stream(in, {.name = "pulled"}) | weir::group_by(&order::account_id);
    for (const order& o : named) seen.push_back(o);
    CHECK(seen == orders{{"alice", 1}});
    CHECK(test.partitions("shop-pulled-account_id-repartition") == 1);
}

TEST_CASE("semantics 45: orders | group_by | take(100, 10s) | through(\"t\"): a batch is sent as "
          "one message, its sources held until it is delivered") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    auto batched =
        in | weir::group_by(&order::account_id) | weir::take(100, 10s) | weir::through("t");
    static_assert(std::is_same_v<key_of<decltype(batched)>, std::optional<std::string>>);
    static_assert(std::is_same_v<decltype(batched)::value, orders>);
    std::vector<orders> seen;
    app.agent("a", batched | weir::for_each([&](const orders& b) { seen.push_back(b); }));
    test_driver test{app};
    const std::string repartition = "shop-a-account_id-repartition";
    const auto t = test.peek<std::optional<std::string>, orders>("t");
    const auto at = [](int n) { return weir::timestamp{n * 1000ms}; };
    for (int n = 0; n < 99; ++n)
        test.append(in, "x", {"alice", n},
                    {.timestamp = at(n == 50 ? 900 : n), .headers = {{"h", weir::bytes{"1"}}}});
    test.run();
    CHECK(test.values(t).empty());
    CHECK(test.held(repartition, 0) == 99);
    test.commit();
    CHECK(test.committed(in, 0) == 99);
    CHECK(test.committed(repartition, 0) == nothing);
    test.send(in, "x", {"alice", 99});
    REQUIRE(seen.size() == 1);
    CHECK(seen[0].size() == 100);
    CHECK(seen[0][99] == order{"alice", 99});
    auto sent = test.events(t);
    REQUIRE(sent.size() == 1);
    CHECK(sent[0].key() == "alice");
    CHECK(sent[0].value() == seen[0]);
    CHECK(sent[0].headers().empty());
    CHECK(sent[0].timestamp() == test.now());
    CHECK(sent[0].raw_value().view().starts_with(R"([{"account_id":"alice","product_id":0},)"));
    test.commit();
    CHECK(test.committed(repartition, 0) == 100);
    CHECK(test.committed("t", 0) == 1);

    test.send(in, "x", {"alice", 100}, {.timestamp = at(8)});
    test.send(in, "x", {"bob", 101}, {.timestamp = at(9)});
    test.send(in, "x", {"alice", 102}, {.timestamp = at(7)});
    test.advance(10s);
    sent = test.events(t);
    REQUIRE(sent.size() == 2);
    CHECK(sent[1].key() == std::nullopt);  // not one key
    CHECK(sent[1].timestamp() == at(9));   // the newest, neither the first's nor the last's
    CHECK(seen.back() == orders{{"alice", 100}, {"bob", 101}, {"alice", 102}});
}

TEST_CASE("semantics 45: a batch's sources are held until its one message is delivered; its types "
          "are those of the topic, bytes keys stay bytes") {
    weir::app app{"shop", {.on_produce_error = weir::retry(1, 5s)}};
    auto in = app.topic<order>("orders");
    auto batched = in | weir::take(2) | weir::through("t");
    static_assert(std::is_same_v<key_of<decltype(batched)>, weir::bytes>);
    static_assert(std::is_same_v<decltype(batched)::value, orders>);
    std::vector<std::pair<bool, orders>> seen;
    app.agent("a", batched | weir::items() | weir::for_each([&](const auto& item) {
                       seen.emplace_back(item.key().is_null(), item.value());
                   }));
    test_driver test{app};
    const auto t = app.topic<orders>("t");
    test.fail_next_send(t);
    test.send(in, "k", {"alice", 1});
    test.send(in, "k", {"bob", 2});
    CHECK(test.values(t).empty());
    CHECK(test.held(in, 0) == 2);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    test.commit();
    CHECK(test.items(t) ==
          std::vector<std::pair<weir::bytes, orders>>{{"k", {{"alice", 1}, {"bob", 2}}}});
    CHECK(test.committed(in, 0) == 2);
    test.send(in, "k", {"alice", 3});
    test.send(in, "l", {"bob", 4});
    REQUIRE(seen.size() == 2);
    CHECK(seen[1] == std::pair{true, orders{{"alice", 3}, {"bob", 4}}});
}

TEST_CASE("semantics 45: a batch of values with a codec of their own is sent by their vector's "
          "codec") {
    weir::app app{"shop"};
    auto in = app.topic<cents>("in");
    std::vector<std::vector<cents>> seen;
    app.agent("a", in | weir::take(3) | weir::through("t") |
                       weir::for_each([&](const std::vector<cents>& v) { seen.push_back(v); }));
    test_driver test{app};
    for (int n : {7, 8, 9}) test.send(in, "k", {n});
    CHECK(seen == std::vector<std::vector<cents>>{{{7}, {8}, {9}}});
    const auto t = test.peek<weir::bytes, std::vector<cents>>("t");
    CHECK(test.events(t).at(0).raw_value() == weir::bytes_view{"789"});
}

TEST_CASE("semantics 45: a batch that flat_map takes apart gives each value its own key, headers "
          "and timestamp back") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    auto out = app.topic<std::string, order>("out");
    app.agent("a", in | weir::take(2) | weir::flat_map(std::identity{}) | weir::to(out));
    test_driver test{app};
    const weir::headers one{{"h", weir::bytes{"1"}}};
    test.send(in, "k1", {"alice", 1}, {.timestamp = weir::timestamp{1s}, .headers = one});
    test.send(in, "k2", {"bob", 2}, {.timestamp = weir::timestamp{2s}});
    const auto there = test.events(out);
    REQUIRE(there.size() == 2);
    CHECK(std::pair{there[0].key(), there[0].timestamp()} ==
          std::pair{std::string{"k1"}, weir::timestamp{1s}});
    CHECK(there[0].headers() == one);
    CHECK(std::pair{there[1].key(), there[1].timestamp()} ==
          std::pair{std::string{"k2"}, weir::timestamp{2s}});
    CHECK(there[1].headers().empty());
}

TEST_CASE("semantics 38: two agents never share an internal topic, whatever their names are") {
    const auto by = [](const char* name) { return weir::group_by([](int n) { return n; }, name); };
    const auto topic_of = [&](const char* id, const char* agent, const char* key) -> std::string {
        weir::app app{id};
        try {
            app.agent(agent, app.topic<int>("in") | by(key));
        } catch (const weir::setup_error& e) { return e.what(); }
        const auto drawn = app.graph();
        for (auto& n : drawn.nodes())
            if (n.name.ends_with("-repartition")) return n.name;
        return {};
    };
    CHECK(topic_of("a", "x-b", "c") == "a-x--b-c-repartition");
    CHECK(topic_of("a", "x", "b-c") == "a-x-b--c-repartition");
    CHECK(topic_of("a-x", "b", "c") == "a-x-b-c-repartition");
    CHECK(topic_of("a", "x--b", "c") == "a-x----b-c-repartition");
    for (auto* name : {"-x", "x-"}) {
        const auto refused = "weir: '" + std::string{name} + "' begins or ends with '-', so an ";
        CHECK(topic_of("a", name, "c").starts_with(refused));
        CHECK(topic_of("a", "x", name).starts_with(refused));
    }
    CHECK(topic_of("a-", "x", "c").starts_with("weir: 'a-' begins or ends with '-'"));
}

TEST_CASE("semantics 38: the internal topic has the name that .topic says, and only one agent has "
          "it") {
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    const auto by = [](const char* topic) {
        return weir::group_by([](int n) { return n; }, {.name = "n", .topic = topic});
    };
    const auto add = [&](const char* agent, auto pipeline) -> std::string {
        try {
            app.agent(agent, pipeline);
        } catch (const weir::setup_error& e) { return e.what(); }
        return {};
    };
    CHECK(add("x", in | by("own-repartition")).empty());
    CHECK(add("y", in | by("own-repartition")) ==
          "weir: agents 'x' and 'y' both group by way of topic 'own-repartition': give one of them "
          "another .topic");
    CHECK(add("y", in | by("y-repartition") | by("y-repartition")) ==
          "weir: agent 'y' groups twice by way of topic 'y-repartition': give one of them another "
          ".topic");
    CHECK(add("y", in | by("y")) ==
          "weir: group_by(…, {.topic = \"y\"}): an internal topic's name ends in "
          "\"-repartition\", so that patterns do not match it");
    // who sends there by its name means it
    CHECK(add("again", in | weir::to("own-repartition")).empty());
    weir::testing::test_driver test{app};
    CHECK(test.partitions("own-repartition") == 1);
    CHECK_FALSE(test.partitions("a-x-n-repartition"));
}

TEST_CASE("semantics 38: an internal topic of an earlier version's name is not left behind") {
    const auto key = [](int n) { return n; };
    std::string why;
    weir::app before{"b", {.broker = "memory://formerly"}};
    before.agent("make", before.topic<int>("in") | weir::to("a-x-b-c-repartition"));
    weir::testing::test_driver made{before};
    weir::app app{"a", {.broker = "memory://formerly"}};
    app.agent("x-b", app.topic<int>("in") | weir::group_by(key, "c"));
    try {
        made.add(app);
    } catch (const weir::setup_error& e) { why = e.what(); }
    CHECK(why == "weir: the internal topic 'a-x--b-c-repartition' does not exist, but "
                 "'a-x-b-c-repartition' does, its name in earlier versions: if that one is this "
                 "app's, keep it with group_by(…, {.topic = \"a-x-b-c-repartition\"}), so that "
                 "nothing in it is lost; if not, write {.topic = \"a-x--b-c-repartition\"}");
    weir::app kept{"a", {.broker = "memory://formerly"}};
    kept.agent("x-b", kept.topic<int>("in") |
                          weir::group_by(key, {.name = "c", .topic = "a-x-b-c-repartition"}));
    made.add(kept);
    CHECK_FALSE(made.partitions("a-x--b-c-repartition"));
}

// ---------------------------------------------------------------------------------------- failures
namespace {

/// What is said of a failure of the topic that `group_by(…, "n")` of "in" has made.
struct said {
    texts lines;
    std::vector<weir::error_report> errors;
    std::string header;
};
template <class Fail>
said of_failure(const weir::policy& policy, Fail fail, const std::vector<int>& sent = {5}) {
    silent hooks;
    said all;
    weir::app app{"shop",
                  {.on_decode_error = policy,
                   .on_error = policy,
                   .on_produce_error = policy,
                   .hooks = &hooks}};
    auto in = app.topic<std::string, int>("in");
    app.agent("totals",
              in | weir::group_by([](int n) { return n % 5; }, "n") | weir::for_each([](int n) {
                  if (n > 4) throw std::runtime_error{"too many"};
              }));
    test_driver test{app};
    for (int n : sent) test.append(in, "k", n);
    fail(test);
    test.run();
    all.errors = test.errors();
    const auto dead = test.peek<weir::bytes, weir::bytes>("dead");
    if (test.partitions(dead))
        for (auto& e : test.events(dead))
            for (auto& h : e.headers())
                if (h.name == "weir.made-of") all.header = h.value->view();
    all.lines = hooks.lines;
    return all;
}

constexpr auto made_of_in = "made of topic 'in' by group_by n";

}  // namespace

TEST_CASE("a failure behind group_by says what the internal topic is made of") {
    const auto nothing_more = [](test_driver&) {};
    const auto undecodable = [](test_driver& t) {
        t.send_raw("shop-totals-n-repartition", "", "");
    };
    const auto unsent = [](test_driver& t) { t.fail_next_send("shop-totals-n-repartition"); };

    const auto skipped = of_failure(weir::skip, nothing_more);
    CHECK(skipped.lines ==
          texts{"process in agent 'totals': shop-totals-n-repartition[0]@0 (made of topic 'in' by "
                "group_by n): too many (skip)"});
    REQUIRE(skipped.errors.size() == 1);
    CHECK(skipped.errors[0].topic == "shop-totals-n-repartition");
    CHECK(skipped.errors[0].made_of == made_of_in);

    const auto lettered = of_failure(weir::dead_letter("dead"), nothing_more);
    CHECK(lettered.header == made_of_in);

    const auto decoded = of_failure(weir::skip, undecodable, {1});
    REQUIRE(decoded.errors.size() == 1);
    CHECK(decoded.errors[0].seam == "decode");
    CHECK(decoded.errors[0].made_of == made_of_in);
    CHECK(of_failure(weir::dead_letter("dead"), undecodable, {1}).header == made_of_in);

    const auto produced = of_failure(weir::skip, unsent, {1});
    REQUIRE(produced.errors.size() == 1);
    CHECK(produced.errors[0].seam == "produce");
    CHECK(produced.errors[0].made_of == made_of_in);
}

TEST_CASE("what an internal topic is made of: several topics, behind another group_by, of none") {
    const auto made_of = [](auto source, const std::string& send_to) {
        silent hooks;
        weir::app app{"shop", {.hooks = &hooks}};
        app.agent("a", source(app) | weir::group_by([](int n) { return n; }, "n") |
                           weir::for_each([](int) { throw std::runtime_error{"no"}; }));
        test_driver test{app};
        if (!send_to.empty()) test.send_raw(send_to, "k", weir::bytes_view{"\0\0\0\1", 4});
        REQUIRE(test.errors().size() == 1);
        return test.errors()[0].made_of;
    };
    const auto two = [](weir::app& app) { return app.topic<int>("x") & app.topic<int>("y"); };
    const auto twice = [](weir::app& app) {
        return app.topic<int>("x") | weir::group_by([](int n) { return n; }, "m");
    };
    const auto through = [](weir::app& app) { return app.topic<int>("x") | weir::through("z"); };
    const auto range = [](weir::app&) { return weir::from(trace{1}); };
    CHECK(made_of(two, "y") == "made of topics 'x', 'y' by group_by n");
    CHECK(made_of(twice, "x") == "made of topic 'x' by group_by n");
    CHECK(made_of(through, "x") == "made of topic 'z' by group_by n");
    CHECK(made_of(range, "") == "made by group_by n");
}

TEST_CASE("what an internal topic is made of: it may be sent to itself") {
    silent hooks;
    weir::app app{"shop", {.hooks = &hooks}};
    app.agent("a", app.topic<int>("x") | weir::group_by([](int n) { return n; }, "n") |
                       weir::for_each([](int) { throw std::runtime_error{"no"}; }));
    app.agent("ring", app.topic<int>("shop-a-n-repartition") | weir::filter([](int) {
                          return false;
                      }) | weir::to("shop-a-n-repartition"));
    test_driver test{app};
    test.send_raw("x", "k", weir::bytes_view{"\0\0\0\1", 4});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].made_of == "made of topic 'x' by group_by n");
}
