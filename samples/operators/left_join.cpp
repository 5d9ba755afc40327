// SPDX-License-Identifier: Apache-2.0
// left_join: orders with what is known of their customers, also where that is nothing.
//
// Prints:
//   ann from Graz orders a lamp
//   somebody orders a desk
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct order {
    std::string item;
};
struct customer {
    std::string name, city;
};

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");
    auto customers = app.topic<std::string, customer>("customers");

    // [left_join]
    auto people = app.table(customers);            // the last customer of each number

    app.agent("orders", orders                     // stream of order, keyed by a customer's number
        | weir::left_join(people, [](const order& o, const customer* c) {
              const auto who = c ? c->name + " from " + c->city : "somebody";
              return fmt::format("{} orders a {}", who, o.item);
          })                                       // of std::string, with the same key
        | weir::for_each([](const std::string& line) { fmt::print("{}\n", line); }));
    // [/left_join]

    // [play]
    weir::testing::test_driver test{app};
    test.send(customers, "17", {"ann", "Graz"});
    test.send(orders, "17", {"lamp"});
    test.send(orders, "18", {"desk"});             // nobody has the number 18
    // [/play]
}
