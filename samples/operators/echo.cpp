// SPDX-License-Identifier: Apache-2.0
// echo: copies go to other topics, the stream goes on.
//
// Prints:
//   alice: 12
//   bob: 7
//   copied: 2
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    int amount;
};

int main(int argc, char** argv) try {
    weir::app app{"echo-sample"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    auto archive = app.topic<withdrawal>("archive");
    const std::vector<withdrawal> some{{"alice", 12}, {"bob", 7}};
    std::size_t printed = 0, copied = 0;
    const auto done = [&] {
        if (printed == some.size() && copied == some.size()) app.stop();
    };

    app.agent("feed", weir::from(some) | weir::to(withdrawals));

    // [echo]
    app.agent("print", withdrawals                   // stream of withdrawal
        | weir::echo(archive, "audit")               // the same, copied to two topics
        | weir::for_each([&](const withdrawal& w) {
              fmt::print("{}: {}\n", w.account, w.amount), ++printed, done();
          }));
    app.agent("count", archive | weir::for_each([&](const withdrawal&) { ++copied, done(); }));
    // [/echo]

    const int status = app.main(argc, argv);
    fmt::print("copied: {}\n", copied);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
