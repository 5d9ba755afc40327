// SPDX-License-Identifier: Apache-2.0
// process: processors, one after the other; one that gives nothing drops the value.
//
// Prints:
//   alice: 12.50 EUR
//   carol: 30.00 EUR
//   alice: 12.50 EUR
//   carol: 30.00 EUR
#include <fmt/core.h>

#include <optional>
#include <string>
#include <vector>
#include <weir/weir.hpp>

// [processors]
struct withdrawal {
    std::string account;
    double amount;
    std::string currency;
};

withdrawal add_currency(withdrawal w) {
    w.currency = "EUR";
    return w;
}
std::optional<withdrawal> known(withdrawal w) {
    if (w.account.empty()) return std::nullopt;  // dropped
    return w;
}
// [/processors]

int main() {
    weir::app app{"process-sample"};
    const std::vector<withdrawal> some{{"alice", 12.5, ""}, {"", 7, ""}, {"carol", 30, ""}};
    const auto print = [](const withdrawal& w) {
        fmt::print("{}: {:.2f} {}\n", w.account, w.amount, w.currency);
    };

    // [process]
    for (const withdrawal& w : weir::from(some)            // stream of withdrawal
             | weir::process(known, add_currency))         // the same, in EUR
        print(w);
    // [/process]

    // [list]
    auto in_eur = app.stream(weir::from(some), {.processors = {known, add_currency}});
    for (const withdrawal& w : in_eur) print(w);
    // [/list]
}
