// SPDX-License-Identifier: Apache-2.0
// for_each: the body of an agent. A value that it can't work on is skipped and reported.
//
// Prints:
//   alice has 12
//   bob has 7
//   alice has 42
//   finished 4 of 4 messages
#include <fmt/core.h>

#include <map>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct deposit {
    std::string account;
    int amount;
};

int main() {
    weir::app app{"for-each-sample"};
    auto deposits = app.topic<deposit>("deposits");
    const std::vector<deposit> some{{"alice", 12}, {"bob", 7}, {"", 5}, {"alice", 30}};
    app.agent("feed", weir::from(some) | weir::to(deposits));

    // [for_each]
    std::map<std::string, int> balances;
    app.agent("balance", deposits | weir::for_each([&](const deposit& d) {
        if (d.account.empty()) throw std::runtime_error{"a deposit without an account"};
        fmt::print("{} has {}\n", d.account, balances[d.account] += d.amount);
        if (d.amount == 30) app.stop();  // the last one
    }), {.on_error = weir::skip});
    // [/for_each]

    app.run();
    fmt::print("finished {} of {} messages\n", app.partitions().at(0).committed.value_or(0),
               some.size());
}
