// SPDX-License-Identifier: Apache-2.0
// aggregate: what each account has spent, and in how many orders.
//
// Prints:
//   ann: 12.5 in 1 orders
//   bob: 40 in 1 orders
//   ann: 15 in 2 orders
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct order {
    std::string account;
    double price;
};
struct spent {
    double sum = 0;
    int orders = 0;
};

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");
    const std::vector<order> some{{"ann", 12.5}, {"bob", 40}, {"ann", 2.5}};
    std::size_t seen = 0;

    app.agent("feed", weir::from(some) | weir::to(orders));

    // [aggregate]
    auto totals = app.table<std::string, spent>("totals");
    const auto add = [](spent& s, const order& o) { s.sum += o.price, ++s.orders; };

    app.agent("totals", orders                     // stream of order
        | weir::group_by(&order::account)          // the same, keyed by account
        | weir::aggregate(totals, add)             // of spent: what the table has now
        | weir::items()                            // of item<string, spent>
        | weir::for_each([&](const auto& item) {
              auto& [account, s] = item;
              fmt::print("{}: {} in {} orders\n", account, s.sum, s.orders);
              if (++seen == some.size()) app.stop();
          }));
    // [/aggregate]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
