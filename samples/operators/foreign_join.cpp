// SPDX-License-Identifier: Apache-2.0
// join of two tables by a key in the values of the first: orders with the addresses of who ordered.
//
// Prints:
//   1: a lamp for ann, Oslo
//   2: a desk for ann, Oslo
//   1: a lamp for ann, Bergen
//   2: a desk for ann, Bergen
//   2: nothing
#include <fmt/core.h>

#include <optional>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct order {
    std::string what, customer;
};

int main() {
    weir::app app{"shop"};
    auto taken = app.topic<int, order>("orders");
    auto known = app.topic<std::string, std::string>("customers");

    // [foreign_join]
    auto orders = app.table(taken);        // by number
    auto customers = app.table(known);     // by name

    app.agent("labels", weir::join(orders, &order::customer, customers,
                                   [](const order& o, const std::string& address) {
                                       return o.what + " for " + o.customer + ", " + address;
                                   })      // of std::optional<std::string>
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [number, label] = item;
              fmt::print("{}: {}\n", number, label.value_or("nothing"));
          }));
    // [/foreign_join]

    // [play]
    weir::testing::test_driver test{app};
    test.send(known, "ann", "Oslo");
    test.send(taken, 1, order{"a lamp", "ann"});
    test.send(taken, 2, order{"a desk", "ann"});
    test.send(known, "ann", "Bergen");            // both orders have her
    test.send(taken, 2, order{"a desk", "bob"});  // whom nobody knows
    // [/play]
}
