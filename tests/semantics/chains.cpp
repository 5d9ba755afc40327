// SPDX-License-Identifier: Apache-2.0
// Several boundaries in one pipeline: what is in each topic, under which key, and where it goes on
// after a failure.
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "driven.hpp"

namespace {

struct order {
    std::string account_id, product_id;
    int amount = 0;
    friend bool operator==(const order&, const order&) = default;
};
using orders = std::vector<order>;
using items = std::vector<std::pair<std::string, int>>;

const orders some{{"ann", "tea", 1}, {"bob", "tea", 2}, {"ann", "rum", 3}, {"bob", "rum", 4}};

auto into(items& got) {
    return weir::for_each([&got](const auto& item) {
        auto& [key, o] = item;
        got.emplace_back(key, o.amount);
    });
}
auto above(int n) {
    return weir::filter([n](const order& o) { return o.amount > n; });
}
/// What a topic holds: keys and amounts.
items in_topic(test_driver& test, const std::string& name) {
    items all;
    for (auto& [key, o] : test.items(test.peek<std::string, order>(name)))
        all.emplace_back(key, o.amount);
    return all;
}

}  // namespace

TEST_CASE("semantics 3: filter | group_by re-keys only the survivors") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    app.agent("a", in | above(2) | weir::group_by(&order::account_id));
    test_driver test{app};
    for (auto& o : some) test.send(in, "k", o);
    CHECK(in_topic(test, "shop-a-account_id-repartition") == items{{"ann", 3}, {"bob", 4}});
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

TEST_CASE("semantics 3: map | group_by re-keys the mapped value, and so does process") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    const auto shout = [](order o) {
        o.account_id += '!';
        o.amount *= 10;
        return o;
    };
    app.agent("m", in | weir::map(shout) | weir::group_by(&order::account_id));
    app.agent("p", in | weir::process(shout) | weir::group_by(&order::account_id));
    test_driver test{app};
    test.send(in, "k", some[0]);
    CHECK(in_topic(test, "shop-m-account_id-repartition") == items{{"ann!", 10}});
    CHECK(in_topic(test, "shop-p-account_id-repartition") == items{{"ann!", 10}});
}

TEST_CASE(
    "semantics 3: a filter before or behind a boundary decides what is in the topics behind it") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    items got;
    app.agent("a", in | above(0)                                        //
                       | weir::through("first") | above(1)              //
                       | weir::group_by(&order::product_id) | above(2)  //
                       | weir::through("last") | above(3)               //
                       | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "k", {"ann", "tea", 0});
    for (auto& o : some) test.send(in, "k", o);
    CHECK(in_topic(test, "first") == items{{"k", 1}, {"k", 2}, {"k", 3}, {"k", 4}});
    CHECK(in_topic(test, "shop-a-product_id-repartition") ==
          items{{"tea", 2}, {"rum", 3}, {"rum", 4}});
    CHECK(in_topic(test, "last") == items{{"rum", 3}, {"rum", 4}});
    CHECK(got == items{{"rum", 4}});
    test.commit();  // what was dropped is acknowledged everywhere
    CHECK(test.committed(in, 0) == committed{5});
    CHECK(test.committed("first", 0) == committed{4});
    CHECK(test.committed("shop-a-product_id-repartition", 0) == committed{3});
    CHECK(test.committed("last", 0) == committed{2});
}

TEST_CASE("semantics 44: through | group_by | items works, with a filter before and after each") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders", {.partitions = 2});
    items plain, filtered;
    app.agent("plain", in | weir::through("foo") | weir::group_by(&order::product_id) |
                           weir::items() | into(plain));
    app.agent("filtered", in | above(1) | weir::through("bar") | above(2) |
                              weir::group_by(&order::product_id) | above(3) | weir::items() |
                              weir::filter([](const auto& item) { return item.key() == "rum"; }) |
                              into(filtered));
    test_driver test{app};
    for (auto& o : some) test.send(in, "k", o);
    CHECK(plain == items{{"tea", 1}, {"tea", 2}, {"rum", 3}, {"rum", 4}});
    CHECK(filtered == items{{"rum", 4}});
    for (int p : {0, 1}) CHECK(test.held(in, p) == 0);
}

TEST_CASE("semantics 44: two group_bys in one pipeline: each topic has its own key") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    items plain, filtered;
    app.agent("plain", in | weir::group_by(&order::account_id) |
                           weir::group_by(&order::product_id) | weir::items() | into(plain));
    app.agent("filtered", in | above(1) | weir::group_by(&order::account_id) | above(2) |
                              weir::group_by(&order::product_id) | above(3) | weir::items() |
                              into(filtered));
    test_driver test{app};
    for (auto& o : some) test.send(in, "k", o);
    CHECK(in_topic(test, "shop-plain-account_id-repartition") ==
          items{{"ann", 1}, {"bob", 2}, {"ann", 3}, {"bob", 4}});
    CHECK(in_topic(test, "shop-plain-product_id-repartition") == plain);
    CHECK(plain == items{{"tea", 1}, {"tea", 2}, {"rum", 3}, {"rum", 4}});
    CHECK(filtered == items{{"rum", 4}});
    test.commit();
    CHECK(test.committed("shop-plain-account_id-repartition", 0) == committed{4});
    CHECK(test.committed("shop-plain-product_id-repartition", 0) == committed{4});
}

TEST_CASE("semantics 44: two throughs in one pipeline keep key, headers and timestamp") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    orders got;
    app.agent("a", in | weir::through("one") | weir::through("two") |
                       weir::for_each([&](const order& o) { got.push_back(o); }));
    test_driver test{app};
    const weir::headers headers{{"h", weir::bytes{"1"}}};
    test.send(in, "k", some[0], {.timestamp = weir::timestamp{5ms}, .headers = headers});
    for (const char* name : {"one", "two"}) {
        const auto events = test.events(test.peek<std::string, order>(name));
        REQUIRE(events.size() == 1);
        CHECK(events[0].key() == "k");
        CHECK(events[0].headers() == headers);
        CHECK(events[0].timestamp() == weir::timestamp{5ms});
    }
    CHECK(got == orders{some[0]});
}

TEST_CASE("semantics 44: group_by | take | through works, with a filter before and after each") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    std::vector<std::size_t> sizes;
    const auto of_two = [](const weir::batch<order>& b) { return b.size() == 2; };
    app.agent("a", in | above(0) | weir::group_by(&order::product_id) | above(1) |
                       weir::take(2, 10s) | weir::filter(of_two) | weir::through("pairs") |
                       weir::filter([](const orders& all) { return all[0].amount < 9; }) |
                       weir::for_each([&](const orders& all) { sizes.push_back(all.size()); }));
    test_driver test{app};
    for (auto& o : some) test.send(in, "k", o);
    CHECK(sizes == std::vector<std::size_t>{2});
    test.advance(10s);  // the third is alone, and dropped
    const auto pairs = test.peek<std::optional<std::string>, orders>("pairs");
    REQUIRE(test.items(pairs).size() == 1);
    CHECK(test.items(pairs)[0].first == std::nullopt);  // tea and rum
    CHECK(test.items(pairs)[0].second == orders{some[1], some[2]});
    CHECK(test.held("shop-a-product_id-repartition", 0) == 0);
    test.commit();
    CHECK(test.committed("shop-a-product_id-repartition", 0) == committed{4});
    CHECK(test.committed("pairs", 0) == committed{1});
}

TEST_CASE("semantics 44: after a failure a pipeline resumes on the derived topic it failed on") {
    weir::app app{"shop"};
    auto in = app.topic<std::string, order>("orders");
    items got;
    bool broken = true;
    int keyed = 0;
    const auto product = [&](const order& o) {
        ++keyed;
        return o.product_id;
    };
    app.agent("a",
              in | weir::through("foo") | weir::group_by(product, "product") |
                  weir::tap([&](const order& o) {
                      if (broken && o.amount == 3) throw std::runtime_error{"broken"};
                  }) |
                  weir::items() | into(got),
              {.on_error = weir::stop});
    test_driver test{app};
    for (auto& o : some) test.append(in, "k", o);
    test.run();
    CHECK_FALSE(test.running());
    CHECK(got == items{{"tea", 1}, {"tea", 2}});
    broken = false;
    test.restart();
    CHECK(got == items{{"tea", 1}, {"tea", 2}, {"rum", 3}, {"rum", 4}});
    CHECK(keyed == 4);  // nothing before the topic was done again
    test.stop();
    CHECK(test.committed("shop-a-product-repartition", 0) == committed{4});
}

TEST_CASE("semantics 44: it resumes there also where nothing has been committed yet and the app "
          "reads from the latest") {
    weir::app app{"shop", {.auto_offset_reset = weir::latest}};
    auto in = app.topic<std::string, order>("orders");
    items got;
    bool broken = true;
    const auto body = weir::for_each([&](const auto& item) {
        if (broken) throw std::runtime_error{"broken"};
        got.emplace_back(item.key(), item.value().amount);
    });
    SUBCASE("an internal topic") {
        app.agent("a", in | weir::group_by(&order::account_id) | weir::items() | body,
                  {.on_error = weir::stop});
    }
    SUBCASE("a topic that through names") {
        app.agent("a", in | weir::through("ann") | weir::items() | body, {.on_error = weir::stop});
    }
    SUBCASE("a topic that another agent reads by a pattern") {
        app.topic<std::string, order>("ann");
        app.agent("all",
                  app.topics<std::string, order>("^ann") | weir::for_each([](const order&) {}));
        app.agent("a", in | weir::through("ann") | weir::items() | body, {.on_error = weir::stop});
    }
    test_driver test{app};
    test.send(in, "ann", some[0]);
    CHECK_FALSE(test.running());
    CHECK(test.committed(in, 0) == committed{1});  // its topic has it
    broken = false;
    test.restart();
    CHECK(got == items{{"ann", 1}});
}
