// SPDX-License-Identifier: Apache-2.0
// items: a message's key beside its value.
//
// Prints:
//   alice: 12
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
    weir::app app{"items-sample"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    const std::vector<withdrawal> some{{"alice", 12}, {"bob", 7}, {"alice", 30}};
    std::size_t seen = 0;

    app.agent("feed", weir::from(some) | weir::to(withdrawals));

    // [items]
    app.agent("print", withdrawals                 // stream of withdrawal, keys are null
        | weir::group_by(&withdrawal::account)     // the same, keyed by account
        | weir::map(&withdrawal::amount)           // of int, the keys stay
        | weir::items()                            // of item<string, int>
        | weir::for_each([&](const auto& item) {
              auto& [account, amount] = item;
              fmt::print("{}: {}\n", account, amount);
              if (++seen == some.size()) app.stop();
          }));
    // [/items]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
