// SPDX-License-Identifier: Apache-2.0
// events: each value with its message (key, place, headers), to be acknowledged by hand.
//
// Prints:
//   orders[0]@0 ann: 12.5
//   orders[0]@1 bob: 40
//   orders[0]@2 ann: 2.5
//   acknowledged twice: true, then false
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

int main() {
    weir::app app{"events-sample"};
    auto orders = app.topic<std::string, double>("orders");
    bool first = false, second = false;

    // [events]
    app.agent("print", orders                             // stream of double, keyed by account
        | weir::events()                                  // events: the price and its message
        | weir::for_each([&](auto& event) {
              fmt::print("{}[{}]@{} {}: {}\n", event.topic(), event.partition(), event.offset(),
                         event.key(), event.value());
              first = event.ack();                        // now, not when the body is left
              second = event.ack();                       // there is nothing left to do
          }));
    // [/events]

    weir::testing::test_driver test{app};
    test.send(orders, "ann", 12.5), test.send(orders, "bob", 40), test.send(orders, "ann", 2.5);
    fmt::print("acknowledged twice: {}, then {}\n", first, second);
}
