// SPDX-License-Identifier: Apache-2.0
// Processors: functions that every value goes through first.
//
// Prints:
//   alice, client 5: 13.75 EUR
//   alice, client 5: 13.75 EUR
#include <fmt/core.h>

#include <optional>
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string account;
    double amount;
    std::string currency{};
    int client = 0;
};

// [processors]
withdrawal add_currency(withdrawal w) {
    w.currency = "EUR", w.amount *= 1.1;
    return w;
}
std::optional<withdrawal> known(withdrawal w) {
    if (w.account.empty()) return std::nullopt;  // this drops it
    return w;
}
weir::task<withdrawal> add_client_info(withdrawal w) {
    w.client = static_cast<int>(w.account.size());  // after a look into a database
    co_return w;
}
// [/processors]

void print(const withdrawal& w) {
    fmt::print("{}, client {}: {:.2f} {}\n", w.account, w.client, w.amount, w.currency);
}

int main(int argc, char** argv) try {
    weir::app app{"processors"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    const std::vector<withdrawal> some{{"alice", 12.5}, {"", 7}};

    // [process]
    app.agent("print", withdrawals
        | weir::process(known, add_currency, add_client_info)
        | weir::for_each(print));
    // [/process]
    app.agent("feed", weir::from(some) | weir::to(withdrawals));
    const int code = app.main(argc, argv);

    weir::app other{"processors-of-a-stream"};
    // [list]
    auto stream = other.stream(weir::from(some),
                               {.processors = {known, add_currency, add_client_info}});
    for (const withdrawal& w : stream) print(w);
    // [/list]
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
