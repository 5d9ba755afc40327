// SPDX-License-Identifier: Apache-2.0
// Two processes of one group, played on a virtual clock. The second keeps a copy of what the first
// has, and goes on with it when the first is killed.
//
// Prints:
//   the second process has 1 copy, 0 records behind
//   the first is killed
//   ann has spent 52.5
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct process {
    weir::app app{"shop", {.broker = "memory://shop"}};
    // [standby]
    weir::topic<std::string, double> orders = app.topic<std::string, double>("orders");
    weir::table<std::string, double> totals =
        app.table<std::string, double>("totals", {.standby = 1});
    // [/standby]

    process() {
        app.agent("totals", orders                     // of double, by account
            | weir::aggregate(totals, [](double& sum, double price) { sum += price; }));
    }
};

int main() {
    process first, second;
    weir::testing::test_driver test{first.app, second.app};
    test.send(first.orders, "ann", 12.5);
    test.send(first.orders, "ann", 40);
    test.commit();

    const auto now = second.app.counters();
    fmt::print("the second process has {} copy, {} records behind\n", now.copies,
               now.copies_behind);
    fmt::print("the first is killed\n");
    test.kill(first.app);
    fmt::print("ann has spent {}\n", second.totals.get("ann"));
}
