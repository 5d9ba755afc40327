// SPDX-License-Identifier: Apache-2.0
// The first program of README.md. The test feeds it the three orders that README.md shows.
//
// Prints:
//   ann spent 15.0 in 2 orders
//   bob spent 40.0 in 1 orders

// [first]
#include <fmt/core.h>

#include <map>
#include <string>
#include <utility>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    double price;
};

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders");  // JSON to order and back, no code to write

    app.agent("totals", orders                                           // stream of order
        | weir::filter([](const order& o) { return o.price > 0; })       // without the free ones
        | weir::group_by(&order::account)                                // re-keyed, in a topic
        | weir::take(100, 10s)                                           // 100, or 10 s worth
        | weir::for_each([](const weir::batch<order>& batch) {
              std::map<std::string, std::pair<double, int>> spent;
              for (auto& o : batch) {
                  spent[o.account].first += o.price;
                  ++spent[o.account].second;
              }
              for (auto& [who, sum] : spent)
                  fmt::print("{} spent {:.1f} in {} orders\n", who, sum.first, sum.second);
          }));

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
// [/first]
