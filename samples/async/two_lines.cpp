// SPDX-License-Identifier: Apache-2.0
// What is awaited is named first: g++ before 13 destroys such temporaries twice.
//
// Prints:
//   a name that is longer than a small string, from another thread 12.5
#include <fmt/core.h>

#include <string>
#include <utility>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    double amount;
};

int main(int argc, char** argv) try {
    weir::app app{"two-lines"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    app.agent("print", withdrawals | weir::for_each([&](const withdrawal& w) {
                           fmt::print("{} {}\n", w.account, w.amount);
                           app.stop();
                       }));
    const std::string name = "a name that is longer than a small string";
    app.task([&, name]() -> weir::task<> {
        // [two]
        auto work = [name] { return name + ", from another thread"; };
        const auto text = co_await weir::offload(std::move(work));
        const withdrawal w{text, 12.5};
        co_await withdrawals.send("k", w);
        // [/two]
    });
    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
