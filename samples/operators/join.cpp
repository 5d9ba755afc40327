// SPDX-License-Identifier: Apache-2.0
// join: orders with what is known of their customers. The topic of customers is a table.
//
// Prints:
//   ann from Graz orders a lamp
//   ann from Linz orders a chair
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

    // [join]
    auto people = app.table(customers);            // the last customer of each number

    app.agent("orders", orders                     // stream of order, keyed by a customer's number
        | weir::join(people, [](const order& o, const customer& c) {
              return fmt::format("{} from {} orders a {}", c.name, c.city, o.item);
          })                                       // of std::string, with the same key
        | weir::for_each([](const std::string& line) { fmt::print("{}\n", line); }));
    // [/join]

    // [play]
    weir::testing::test_driver test{app};
    test.send(customers, "17", {"ann", "Graz"});
    test.send(orders, "17", {"lamp"});
    test.send(orders, "18", {"desk"});             // nobody has the number 18: passed over
    test.send(customers, "17", {"ann", "Linz"});   // this passes nothing on
    test.send(orders, "17", {"chair"});
    // [/play]
}
