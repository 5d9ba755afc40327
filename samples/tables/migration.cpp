// SPDX-License-Identifier: Apache-2.0
// The values of a table get another type. A program that runs once, between the old one and the
// new one, reads the old table's changelog and fills a table of another name. Played on a virtual
// clock, as a test would.
//
// Prints:
//   old: ann 3
//   new: ann 35 euro in 4 orders
//   new: bob 30 euro in 3 orders
#include <fmt/core.h>

#include <cstdint>
#include <optional>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct totals {
    std::int64_t orders = 0;
    double euro = 0;
};
constexpr double average = 10;  // of the orders that the old table has counted
constexpr auto broker = "memory://migration";

/// How many orders each account has.
struct old_program {
    weir::app app{"shop", {.broker = broker}};
    weir::topic<std::string, double> orders = app.topic<std::string, double>("orders");
    weir::table<std::string, std::int64_t> counts =
        app.table<std::string, std::int64_t>("counts");
    old_program() { app.agent("count", orders | weir::count(counts)); }
};

// [migrate]
/// Runs once, as app "shop": ./migrate run --until-idle
struct migration {
    weir::app app{"shop", {.broker = broker}};
    weir::topic<std::string, std::optional<std::int64_t>> old =
        app.topic<std::string, std::optional<std::int64_t>>(
            "shop-counts-changelog",
            {.on_decode_error = weir::skip});          // weir's own records are no counts
    weir::table<std::string, totals> into = app.table<std::string, totals>("totals");

    migration() {
        app.agent("migrate", old
            | weir::map([](const std::optional<std::int64_t>& n) {
                  return n ? std::optional{totals{*n, double(*n) * average}} : std::nullopt;
              })
            | weir::to_table(into));
    }
};
// [/migrate]

/// How many orders each account has, and what they cost.
struct new_program {
    weir::app app{"shop", {.broker = broker}};
    weir::topic<std::string, double> orders = app.topic<std::string, double>("orders");
    weir::table<std::string, totals> all = app.table<std::string, totals>("totals");
    new_program() {
        app.agent("total", orders | weir::aggregate(all, [](totals& t, double euro) {
                               ++t.orders, t.euro += euro;
                           }));
    }
};

int main() {
    old_program before;
    weir::testing::test_driver test{before.app};
    for (int i = 0; i < 6; ++i) test.send(before.orders, i % 2 ? "bob" : "ann", 20);
    fmt::print("old: ann {}\n", before.counts.get("ann"));
    test.stop(before.app);

    migration once;
    test.add(once.app);
    test.stop(once.app);

    new_program after;
    test.add(after.app);
    test.send(after.orders, "ann", 5);
    for (const auto* who : {"ann", "bob"})
        fmt::print("new: {} {} euro in {} orders\n", who, after.all.get(who).euro,
                   after.all.get(who).orders);
    test.stop(after.app);
}
