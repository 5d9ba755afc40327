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

int main(int argc, char** argv) try {
    weir::app app{"for-each-sample"};
    auto deposits = app.topic<deposit>("deposits", {.partitions = 1});  // they come in order
    const std::vector<deposit> some{{"alice", 12}, {"bob", 7}, {"", 5}, {"alice", 30}};
    app.agent("feed", weir::from(some) | weir::to(deposits));

    // [for_each]
    std::map<std::string, int> balances;
    std::size_t seen = 0;
    app.agent("balance", deposits | weir::for_each([&](const deposit& d) {
        if (++seen == some.size()) app.stop();
        if (d.account.empty()) throw std::runtime_error{"a deposit without an account"};
        fmt::print("{} has {}\n", d.account, balances[d.account] += d.amount);
    }), {.on_error = weir::skip});
    // [/for_each]

    const int status = app.main(argc, argv);
    weir::offset finished = 0;
    for (auto& p : app.partitions()) finished += p.committed.value_or(0);
    fmt::print("finished {} of {} messages\n", finished, some.size());
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
