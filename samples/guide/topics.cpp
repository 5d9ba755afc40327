// SPDX-License-Identifier: Apache-2.0
// From topic to topic: group_by, through, echo, to.
//
// Prints:
//   example-app-totals-account_id-repartition: 3
//   example-app-named-account-repartition: 3
//   example-app-found-account-repartition: 3
//   foo: 3
//   example-app-items-product_id-repartition: 3
//   destination: 3, source-copy-1: 3, copy2: 3, out: 3
//   dear: 1, cheap: 2
//   t: 1, [{"account_id":"ann",*},{"account_id":"bob",*},{"account_id":"ann",*}]
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order { std::string account_id, product_id; double amount, price; };

// [lookup]
weir::task<std::string> lookup_account_async(order o) {
    co_return "account of " + o.account_id;  // after a look into a database
}
// [/lookup]

int main() {
    weir::app app{"example-app"};
    auto keyed = app.topic<std::string, order>("orders", {.partitions = 2});
    auto orders = keyed;
    auto destination = app.topic<std::string, order>("destination");
    auto copy2 = app.topic<std::string, order>("copy2");

    // [group_by]
    app.agent("totals", keyed
        | weir::group_by(&order::account_id));                          // by field
    app.agent("named", keyed
        | weir::group_by([](const order& o) { return o.account_id; },   // by callable: has a name
                         "account"));
    app.agent("found", keyed
        | weir::group_by(lookup_account_async,                          // awaited
                         {.name = "account", .partitions = 16}));
    // [/group_by]

    // [through]
    app.agent("items", keyed
        | weir::through("foo")
        | weir::group_by(&order::product_id)
        | weir::items());                                               // (product, order)
    // [/through]

    // [echo]
    app.agent("copy", keyed
        | weir::through(destination)
        | weir::echo("source-copy-1", copy2)
        | weir::to("out"));
    // [/echo]

    // [chosen]
    app.agent("sort", keyed
        | weir::to([](const order& o) { return o.price > 100 ? "dear" : "cheap"; },
                   {.topics = {"dear", "cheap"}}));                     // chosen per value
    // [/chosen]

    // [batches]
    app.agent("batches", orders
        | weir::group_by(&order::account_id)
        | weir::take(100, 10s)
        | weir::through("t"));                                          // one message a batch
    // [/batches]

    weir::testing::test_driver test{app};
    test.append(orders, "k1", {"ann", "pear", 1, 40});
    test.append(orders, "k2", {"bob", "plum", 2, 400});
    test.send(orders, "k1", {"ann", "plum", 3, 4});
    test.advance(10s);
    const auto size = [&](const char* topic) {
        return test.values(test.peek<weir::bytes, weir::bytes>(topic)).size();
    };
    for (const char* t : {"example-app-totals-account_id-repartition",
                          "example-app-named-account-repartition",
                          "example-app-found-account-repartition", "foo",
                          "example-app-items-product_id-repartition"})
        fmt::print("{}: {}\n", t, size(t));
    fmt::print("destination: {}, source-copy-1: {}, copy2: {}, out: {}\n", size("destination"),
               size("source-copy-1"), size("copy2"), size("out"));
    fmt::print("dear: {}, cheap: {}\n", size("dear"), size("cheap"));
    const auto batches = test.values(test.peek<weir::bytes, weir::bytes>("t"));
    fmt::print("t: {}, {}\n", batches.size(), batches.at(0).view());
}
