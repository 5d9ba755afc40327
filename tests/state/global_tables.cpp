// SPDX-License-Identifier: Apache-2.0
// Global tables: all of a topic on every member, restored before anything is read.
#include "counting.hpp"
#include "refused.hpp"

#include <algorithm>
#include <stdexcept>

namespace {

struct order {
    std::optional<string> product{};
    int pieces = 0;
};
using weir::transport::memory_broker;

string priced(const order& o, int price) { return *o.product + std::to_string(o.pieces * price); }
string maybe_priced(const order& o, const int* price) {
    return o.product.value_or("?") + (price ? std::to_string(o.pieces * *price) : "-");
}

/// `orders | left_join(prices, &order::product, …)`; the topic of prices has two partitions.
struct shop {
    silent hush{};
    weir::app app;
    weir::topic<string, std::optional<int>> price_topic;
    weir::global_table<string, int> prices;
    weir::topic<string, order> orders;
    texts got{};

    explicit shop(weir::partition_id partitions = 1, weir::app_options o = {})
        : app{"a", quiet(std::move(o))},
          price_topic(app.topic<string, std::optional<int>>("prices", {.partitions = 2})),
          prices(app.global_table(price_topic)),
          orders(app.topic<string, order>("orders", {.partitions = partitions})) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    shop& left() {
        app.agent("s", orders | weir::left_join(prices, &order::product, maybe_priced) |
                           weir::for_each([this](const string& s) { got.push_back(s); }));
        return *this;
    }
    shop& inner() {
        app.agent("s", orders | weir::join(prices, &order::product, priced) |
                           weir::for_each([this](const string& s) { got.push_back(s); }));
        return *this;
    }
};
}  // namespace

TEST_CASE("semantics 88: a global table has all partitions, and is joined by a key of the value") {
    shop s;
    s.inner();
    test_driver test{s.app};
    test.send(s.price_topic, "lamp", 3, {.partition = 0});
    test.send(s.price_topic, "desk", 50, {.partition = 1});
    test.send(s.orders, "ann", {"lamp", 2});
    test.send(s.orders, "bob", {"desk", 1});
    test.send(s.orders, "bob", {"tree", 1});
    test.send(s.orders, "eve", {std::nullopt, 1});
    test.send(s.price_topic, "lamp", 4, {.partition = 0});
    test.send(s.orders, "ann", {"lamp", 2});
    test.send(s.price_topic, "lamp", std::nullopt, {.partition = 0});
    test.send(s.orders, "ann", {"lamp", 2});
    CHECK(s.got == texts{"lamp6", "desk50", "lamp8"});
    CHECK(test.entries(s.prices) == std::vector<std::pair<string, int>>{{"desk", 50}});
    CHECK(test.value(s.prices, "desk") == 50);
    test.commit();
    CHECK(test.committed(s.orders, 0) == 6);
    CHECK(test.committed(s.price_topic, 0) == nothing);  // the group knows nothing of it
}

TEST_CASE("semantics 88: where the key is null or not there, left_join gives a null pointer") {
    shop s;
    s.left();
    test_driver test{s.app};
    test.send(s.price_topic, "lamp", 3);
    test.send(s.orders, "ann", {"lamp", 2});
    test.send(s.orders, "bob", {"tree", 1});
    test.send(s.orders, "eve", {std::nullopt, 1});
    CHECK(s.got == texts{"lamp6", "tree-", "?-"});
}

TEST_CASE("semantics 88: the key is a field, what a function gives, or of a type that becomes it") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto topic = app.topic<string, int>("prices");
    auto prices = app.global_table(topic);
    auto numbers_topic = app.topic<std::int64_t, int>("numbers");
    auto by_number = app.global_table(numbers_topic);
    auto orders = app.topic<string, order>("orders");
    texts got;
    const auto keep = weir::for_each([&](const string& s) { got.push_back(s); });
    const auto view = [](const order& o) { return std::string_view{*o.product}; };
    const auto pieces = [](const order& o) { return o.pieces; };
    const auto sum = [](const order&, int n) { return std::to_string(n); };
    app.agent("a", orders | weir::join(prices, view, priced) | keep);
    app.agent("b", orders | weir::join(by_number, pieces, sum) | keep);
    app.agent("c", orders | weir::join(by_number, &order::pieces, sum) | keep);
    test_driver test{app};
    test.send(topic, "lamp", 3);
    test.send(numbers_topic, 2, 17);
    test.send(orders, "ann", {"lamp", 2});
    CHECK(got == texts{"lamp6", "17", "17"});
}

TEST_CASE("semantics 88: nothing is read before the global table is restored, once") {
    const weir::app_options shared{.broker = "memory://global-first"};
    struct listening : silent {
        texts heard{};
        std::size_t read_before = 0;
        void restoring(const string& table, weir::partition_id p, offset from, offset to) override {
            heard.push_back(table + '[' + std::to_string(p) + "] " + std::to_string(from) + " to " +
                            std::to_string(to));
        }
        void restored(const string& table, weir::partition_id p) override {
            heard.push_back(table + '[' + std::to_string(p) + "] restored");
        }
        void read(const weir::topic_partition&, std::size_t) override {
            if (heard.size() < 4) ++read_before;
        }
    };
    shop one{1, shared};
    one.left();
    test_driver test{one.app};
    for (int i = 0; i < 10'000; ++i) {
        const auto name = "p" + std::to_string(i);
        test.append(one.price_topic, name, i, {.partition = i % 2});
    }
    test.stop(one.app);
    test.append(one.orders, "ann", {"p9999", 1});
    test.append(one.orders, "ann", {"p9998", 1});
    listening ears;
    weir::app app{"a", {.broker = "memory://global-first", .hooks = &ears}};
    auto prices = app.global_table(app.topic<string, std::optional<int>>("prices"));
    texts got;
    const auto keep = weir::for_each([&](const string& s) { got.push_back(s); });
    app.agent("s", app.topic<string, order>("orders") |
                       weir::left_join(prices, &order::product, maybe_priced) | keep);
    app.agent("r", weir::from(std::vector<order>{{"p9997", 1}}) |
                       weir::left_join(prices, &order::product, maybe_priced) | keep);
    test.add(app);
    std::sort(got.begin(), got.end());
    CHECK(got == texts{"p99979997", "p99989998", "p99999999"});
    CHECK(ears.read_before == 0);
    std::sort(ears.heard.begin(), ears.heard.end());
    CHECK(ears.heard == texts{"prices[0] 0 to 5000", "prices[0] restored", "prices[1] 0 to 5000",
                              "prices[1] restored"});
}

TEST_CASE("semantics 88: every member has all of it, whoever has the partitions") {
    const weir::app_options shared{.broker = "memory://global-all"};
    shop one{2, shared}, two{2, shared};
    one.left(), two.left();
    test_driver test{one.app, two.app};
    test.send(one.price_topic, "lamp", 3, {.partition = 0});
    test.send(one.price_topic, "desk", 5, {.partition = 1});
    for (const weir::partition_id p : {0, 1}) {
        test.send(one.orders, "ann", {"lamp", 1}, {.partition = p});
        test.send(one.orders, "ann", {"desk", 1}, {.partition = p});
    }
    CHECK(one.got == texts{"lamp3", "desk5"});
    CHECK(two.got == texts{"lamp3", "desk5"});
    CHECK(one.prices.size() == 2);
    CHECK(two.prices.size() == 2);
}

TEST_CASE("semantics 88: while it is restored, explain and counters say so") {
    const weir::app_options shared{.broker = "memory://global-told"};
    struct listening : silent {
        weir::app* app = nullptr;
        texts heard{};
        void restored(const string&, weir::partition_id p) override {
            if (p != 0) return;
            const auto b = app->explain("orders", 0);
            heard.push_back(b ? b->why : "it is read");
            heard.push_back(std::to_string(app->counters().restoring));
        }
    };
    shop one{1, shared};
    one.left();
    test_driver test{one.app};
    for (int i = 0; i < 9000; ++i)
        test.append(one.price_topic, "p" + std::to_string(i), i, {.partition = 1});
    test.stop(one.app);
    listening ears;
    weir::app app{"a", {.broker = "memory://global-told", .hooks = &ears}};
    ears.app = &app;
    auto prices = app.global_table(app.topic<string, std::optional<int>>("prices"));
    app.agent("s", app.topic<string, order>("orders") |
                       weir::left_join(prices, &order::product, maybe_priced));
    test.add(app);
    REQUIRE(ears.heard.size() == 2);
    CHECK(ears.heard[0].starts_with("global table 'prices' is restored from its topic: "));
    CHECK(ears.heard[0].ends_with(" of 9,000 records"));
    CHECK(ears.heard[1] == "1");
    CHECK(app.counters().tables == 1);
    CHECK(app.counters().keys == 9000);
    CHECK(app.counters().restoring == 0);
    CHECK(!app.explain("orders", 0));
}

TEST_CASE("semantics 88: a record that does not decode stops the app with its place") {
    shop s;
    s.left();
    test_driver test{s.app};
    test.send(s.orders, "ann", {"lamp", 1});
    test.send(s.price_topic, "lamp", 3, {.partition = 0});
    test.send_raw(s.price_topic, "desk", "x", {.partition = 0});
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(test.committed(s.orders, 0) == 1);  // what was finished is committed
    CHECK(s.prices.get("lamp") == 3);

    const auto broker = memory_broker::named("global-bad");
    broker->create_topic({.name = "prices", .partitions = 2});
    const auto by = weir::transport::connect(broker, "sender");
    by->send({.topic = by->open("prices"),
              .partition = 1,
              .key = weir::bytes_view{"desk"},
              .value = weir::bytes_view{"x"}},
             0);
    shop bad{1, {.broker = "memory://global-bad"}};
    string said = "it ended without an error";
    try {
        bad.app.timer(1min, [&] { bad.app.stop(); });
        bad.app.run();
    } catch (const weir::error& e) { said = e.what(); }
    CHECK(said ==
          "weir: global table 'prices': prices[1] at 0 does not decode: expected 4 bytes, found 1");
}

TEST_CASE("semantics 88: with on_decode_error skip such a record is passed over and logged") {
    silent hush;
    weir::app app{"b", {.on_decode_error = weir::skip, .hooks = &hush}};
    auto topic = app.topic<string, int>("prices");
    auto prices = app.global_table(topic);
    test_driver test{app};
    test.send_raw(topic, "desk", "x");
    test.send(topic, "lamp", 3);
    CHECK(test.running());
    CHECK(prices.get("lamp") == 3);
    CHECK(hush.lines == texts{"global table 'prices': prices[0] at 0 does not decode: expected 4 "
                              "bytes, found 1; it is passed over"});
}

TEST_CASE("semantics 88: a run begins anew; after it what a global table had can be read") {
    shop s;
    s.left();
    test_driver test{s.app};
    test.send(s.price_topic, "lamp", 3);
    test.stop();
    CHECK(s.prices.get("lamp") == 3);
    test.append(s.price_topic, "lamp", std::nullopt);
    test.restart();
    CHECK(s.prices.size() == 0);
}

TEST_CASE("semantics 88: its rows are read in loops and bodies") {
    shop s;
    int sum = 0;
    s.app.agent("b", s.orders | weir::for_each([&](const order&) {
                         for (auto&& [name, price] : s.prices) sum += price;
                         sum += 100 * s.prices.get("lamp");
                         if (s.prices.contains("tree")) sum += 10'000;
                     }));
    test_driver test{s.app};
    test.send(s.price_topic, "lamp", 3, {.partition = 0});
    test.send(s.price_topic, "desk", 4, {.partition = 1});
    test.send(s.orders, "ann", {"lamp", 1});
    CHECK(sum == 307);
}

TEST_CASE("semantics 88: a global table that makes no sense is refused") {
    weir::app app{"a"};
    auto topic = app.topic<string, int>("prices");
    auto prices = app.global_table(topic);
    CHECK(refused([&] { app.table(topic); }) ==
          "weir: topic 'prices' is a table and a global table: take one of them, or give the table "
          "a to_table of its own");
    CHECK(&app.global_table(topic).info() == &prices.info());
    auto late = app.topic<string, int>("late");
    auto orders = app.topic<string, order>("orders");
    app.agent("s", orders | weir::join(prices, &order::product, priced));
    test_driver test{app};
    CHECK(refused([&] { app.global_table(late); }) ==
          "weir: global table 'late' is declared while the app runs: declare it before, so that "
          "it is restored first");
}

TEST_CASE("semantics 88: a join with a global table is drawn, and needs no equal partitions") {
    shop s{5};
    s.inner();
    CHECK(s.app.graph().text().find("  | join prices : std::string, std::string\n"
                                    "  <- table prices [global, 2 partitions] : std::string, "
                                    "int\n") != string::npos);
    test_driver test{s.app};
    CHECK(test.running());
}
