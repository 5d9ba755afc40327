// SPDX-License-Identifier: Apache-2.0
// filter: only the values that matter go on.
//
// Prints:
//   bob takes 5000
//   dave takes 1200
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    int amount;
};

bool big(const withdrawal& w) { return w.amount > 1000; }

int main() {
    weir::app app{"filter-sample"};
    const std::vector<withdrawal> withdrawals{
        {"alice", 12}, {"bob", 5000}, {"carol", 1000}, {"dave", 1200}};

    // [filter]
    app.agent("print", weir::from(withdrawals)      // stream of withdrawal
        | weir::filter(big)                         // the big ones
        | weir::for_each([](const withdrawal& w) {
              fmt::print("{} takes {}\n", w.account, w.amount);
          }));
    // [/filter]

    app.run();  // until the range has ended
}
