// SPDX-License-Identifier: Apache-2.0
// outer_join of two tables: what is in stock, and what was ordered of it.
//
// Prints:
//   lamp: 5 in stock, none ordered
//   lamp: 5 in stock, 2 ordered
//   desk: none in stock, 1 ordered
//   lamp: none in stock, 2 ordered
//   lamp: nothing
#include <fmt/core.h>

#include <optional>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

int main() {
    weir::app app{"shop"};
    auto stocks = app.topic<std::string, std::optional<int>>("stocks");
    auto demands = app.topic<std::string, std::optional<int>>("demands");

    // [outer_join]
    auto stock = app.table(stocks), ordered = app.table(demands);  // pieces of each product

    const auto state = [](const int* there, const int* wanted) {   // one of them may be null
        const auto text = [](const int* n) { return n ? std::to_string(*n) : "none"; };
        return text(there) + " in stock, " + text(wanted) + " ordered";
    };
    app.agent("state", weir::outer_join(stock, ordered, state)     // of std::optional<std::string>
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [product, line] = item;
              fmt::print("{}: {}\n", product, line.value_or("nothing"));
          }));
    // [/outer_join]

    // [play]
    weir::testing::test_driver test{app};
    test.send(stocks, "lamp", 5);
    test.send(demands, "lamp", 2);
    test.send(demands, "desk", 1);
    test.send(stocks, "lamp", std::nullopt);  // the row goes
    test.send(demands, "lamp", std::nullopt);
    // [/play]
}
