// SPDX-License-Identifier: Apache-2.0
// reduce: the largest withdrawal of each account.
//
// Prints:
//   alice: 12
//   alice: 30
//   bob: 7
//   alice: 30
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    int amount;
};

int main(int argc, char** argv) try {
    weir::app app{"bank"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    const std::vector<withdrawal> some{{"alice", 12}, {"alice", 30}, {"bob", 7}, {"alice", 5}};
    std::size_t seen = 0;

    app.agent("feed", weir::from(some) | weir::to(withdrawals));

    // [reduce]
    auto largest = app.table<std::string, withdrawal>("largest");
    const auto larger = [](const withdrawal& last, const withdrawal& w) {
        return last.amount < w.amount ? w : last;
    };

    app.agent("largest", withdrawals               // stream of withdrawal
        | weir::group_by(&withdrawal::account)     // the same, keyed by account
        | weir::reduce(largest, larger)            // of withdrawal: the largest so far
        | weir::for_each([&](const withdrawal& w) {
              fmt::print("{}: {}\n", w.account, w.amount);
              if (++seen == some.size()) app.stop();
          }));
    // [/reduce]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
