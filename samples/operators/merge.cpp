// SPDX-License-Identifier: Apache-2.0
// a & b: all values of both streams, each stream's order kept.
//
// Prints:
//   web: 1
//   web: 2
//   shop: 10
//   shop: 20
//   web: 3
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct sale {
    std::string where;
    int number = 0;
};

int main() {
    weir::app app{"merge-sample"};
    auto web = app.topic<int>("web");
    auto shop = app.topic<int>("shop");

    // [merge]
    const auto in = [](std::string where) {
        return weir::map([=](int number) { return sale{where, number}; });
    };
    app.agent("sales", ((web | in("web")) & (shop | in("shop")))  // stream of sale
        | weir::for_each([](const sale& s) {
              fmt::print("{}: {}\n", s.where, s.number);
          }));
    // [/merge]

    weir::testing::test_driver test{app};
    test.send(web, "k", 1), test.send(web, "k", 2);
    test.send(shop, "k", 10), test.send(shop, "k", 20);
    test.send(web, "k", 3);
}
