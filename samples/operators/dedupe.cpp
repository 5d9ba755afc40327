// SPDX-License-Identifier: Apache-2.0
// dedupe: a sender that has crashed sends some orders again. Played on a virtual clock, as a test
// would, to give the messages their timestamps.
//
// Prints:
//   a-1 for 20
//   a-2 for 30
//   a-3 for 40
//   a-1 for 50
//   passed over: 2
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order { std::string id; int price = 0; };

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");  // by account

    // [dedupe]
    app.agent("ship", orders
        | weir::dedupe(&order::id, 1h)  // the first order of each id
        | weir::for_each([](const order& o) { fmt::print("{} for {}\n", o.id, o.price); }));
    // [/dedupe]

    weir::testing::test_driver test{app};
    const auto at = [](std::chrono::minutes t) {
        return weir::testing::send_options{.timestamp = weir::timestamp{t}};
    };
    test.send(orders, "ann", {"a-1", 20}, at(1min));
    test.send(orders, "ann", {"a-2", 30}, at(2min));
    test.send(orders, "ann", {"a-1", 20}, at(1min));  // sent again
    test.send(orders, "ann", {"a-2", 30}, at(2min));  // likewise
    test.send(orders, "ann", {"a-3", 40}, at(3min));
    test.send(orders, "ann", {"a-1", 50}, at(62min));  // an hour is over
    fmt::print("passed over: {}\n", app.counters().passed_over);
}
