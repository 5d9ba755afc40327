// SPDX-License-Identifier: Apache-2.0
// scan: a running state, here what is left after each withdrawal.
//
// Prints:
//   alice has 88 left
//   alice has 58 left
//   alice has 51 left
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    int amount;
};

int main() {
    weir::app app{"scan-sample"};
    const std::vector<withdrawal> withdrawals{{"alice", 12}, {"alice", 30}, {"alice", 7}};
    const auto rest = [](int left, const withdrawal& w) { return left - w.amount; };

    // [scan]
    app.agent("print", weir::from(withdrawals)        // stream of withdrawal
        | weir::scan(100, rest)                       // of int: what is left after each
        | weir::for_each([](int left) { fmt::print("alice has {} left\n", left); }));
    // [/scan]

    app.run();  // until the range has ended
}
