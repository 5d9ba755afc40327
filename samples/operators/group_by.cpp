// SPDX-License-Identifier: Apache-2.0
// group_by: all orders of one account come to one place, in order, however many processes share
// the work.
//
// Prints:
//   agent totals
//     topic orders [1 partition] : order
//     | group_by account : std::string, order
//     topic shop-totals-account-repartition : std::string, order
//     | for_each
//   alice: 10 5
//   bob: 3 4
#include <fmt/core.h>

#include <map>
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct order {
    std::string account;
    int amount;
};

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders", {.partitions = 1});  // one, so they come in order
    const std::vector<order> some{{"alice", 10}, {"bob", 3}, {"alice", 5}, {"bob", 4}};

    // [group_by]
    std::map<std::string, std::vector<int>> amounts;
    std::size_t seen = 0;
    app.agent("totals", orders                      // stream of order, keys as they come
        | weir::group_by(&order::account)           // the same, keyed by account
        | weir::for_each([&](const order& o) {
              amounts[o.account].push_back(o.amount);
              if (++seen == some.size()) app.stop();
          }));
    // [/group_by]
    fmt::print("{}", app.graph().text());

    app.agent("feed", weir::from(some) | weir::to(orders));
    const int status = app.main(argc, argv);
    for (auto& [account, all] : amounts) {
        fmt::print("{}:", account);
        for (int amount : all) fmt::print(" {}", amount);
        fmt::print("\n");
    }
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
