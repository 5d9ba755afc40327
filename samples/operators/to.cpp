// SPDX-License-Identifier: Apache-2.0
// to: results go to a topic, where another agent, or another program, reads them.
//
// Prints:
//   warn bob: 5000
//   warn dave: 1200
//   small: 2
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    int amount;
};

int main(int argc, char** argv) try {
    weir::app app{"to-sample"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    auto flagged = app.topic<withdrawal>("flagged");
    const std::vector<withdrawal> some{{"alice", 12}, {"bob", 5000}, {"carol", 7}, {"dave", 1200}};

    // [to]
    app.agent("feed", weir::from(some) | weir::to(withdrawals));

    app.agent("flag", withdrawals                                            // of withdrawal
        | weir::filter([](const withdrawal& w) { return w.amount > 1000; })  // the big ones
        | weir::to(flagged));                                                // into a topic
    // [/to]

    // [chosen]
    const auto by_size = [](const withdrawal& w) { return w.amount < 100 ? "small" : "large"; };
    app.agent("sort", withdrawals
        | weir::to(by_size, {.topics = {"small", "large"}}));            // into one of two
    // [/chosen]

    std::size_t warned = 0, small = 0;
    const auto done = [&] {
        if (warned == 2 && small == 2) app.stop();
    };
    app.agent("warn", flagged | weir::for_each([&](const withdrawal& w) {
        fmt::print("warn {}: {}\n", w.account, w.amount);
        ++warned, done();
    }));
    app.agent("count", app.topic<withdrawal>("small") | weir::for_each([&](const withdrawal&) {
        ++small, done();
    }));
    const int status = app.main(argc, argv);
    fmt::print("small: {}\n", small);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
