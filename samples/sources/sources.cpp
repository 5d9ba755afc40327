// SPDX-License-Identifier: Apache-2.0
// Where streams come from: several topics, a pattern, a channel, a range; and sending by hand.
//
// Prints:
//   order of 5 from two topics
//   order of 5 by the pattern
//   order of 7 from two topics
//   order of 7 by the pattern
//   alarm: 7
//   1 2 3
#include <fmt/core.h>

#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct order {
    std::string account;
    double price;
};

int main() {
    weir::app app{"sources-sample"};
    auto eu = app.topic<std::string, order>("orders-eu");
    auto us = app.topic<std::string, order>("orders-us");

    // [topics]
    auto several = app.topics<std::string, order>({"orders-eu", "orders-us"});
    auto by_pattern = app.topics<std::string, order>("^orders-.*");  // later ones, too
    // [/topics]
    // [channel]
    auto alarms = app.channel<double>("alarms", {.capacity = 100});

    app.agent("watch", several | weir::for_each([&](const order& o) {
        fmt::print("order of {} from two topics\n", o.price);
        if (o.price > 6) alarms.send(o.price);  // from the program to its own streams
    }));
    app.agent("alarm", alarms | weir::for_each([](double d) { fmt::print("alarm: {}\n", d); }));
    // [/channel]
    app.agent("pattern", by_pattern | weir::for_each([](const order& o) {
        fmt::print("order of {} by the pattern\n", o.price);
    }));

    weir::testing::test_driver test{app};
    // [send]
    eu.send("ann", {"ann", 5});  // key, value; from anywhere in the app, with no agent needed
    // [/send]
    test.run();
    us.send("bob", {"bob", 7});
    test.run();

    // [range]
    for (int i : weir::from(std::vector{1, 2, 3})) fmt::print("{}{}", i, i < 3 ? " " : "\n");
    // [/range]
}
