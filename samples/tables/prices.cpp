// SPDX-License-Identifier: Apache-2.0
// A global table: every process has all prices, and an order finds its own by the product.
//
// Prints:
//   ann pays 6 for a lamp
//   bob orders a tree, which has no price
//   ann pays 8 for a lamp
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct order {
    std::string account, product;
    int pieces = 0;
};

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");

    // [global]
    auto price_topic = app.topic<std::string, int>("prices", {.partitions = 3});
    auto prices = app.global_table(price_topic);         // all of them, in every process

    app.agent("bills", orders                            // stream of order, keyed by account
        | weir::left_join(prices, &order::product, [](const order& o, const int* price) {
              if (!price)
                  return fmt::format("{} orders a {}, which has no price", o.account, o.product);
              return fmt::format("{} pays {} for a {}", o.account, o.pieces * *price, o.product);
          })                                             // of std::string, keyed by account
        | weir::for_each([](const std::string& line) { fmt::print("{}\n", line); }));
    // [/global]

    weir::testing::test_driver test{app};
    test.send(price_topic, "lamp", 3);
    test.send(orders, "ann", {"ann", "lamp", 2});
    test.send(orders, "bob", {"bob", "tree", 1});
    test.send(price_topic, "lamp", 4);
    test.send(orders, "ann", {"ann", "lamp", 2});
}
