// SPDX-License-Identifier: Apache-2.0
// map: every value becomes what a function makes of it; one that takes its time is awaited.
//
// Prints:
//   alice: 12 EUR
//   bob: 7 EUR
//   carol: 30 EUR
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct withdrawal {
    std::string account;
    int amount;
};

weir::task<std::string> name_of(withdrawal w) {
    co_await weir::sleep(w.account == "a1" ? 20ms : 1ms);  // asks a slow server, say
    const auto name = w.account == "a1" ? "alice" : w.account == "b2" ? "bob" : "carol";
    co_return fmt::format("{}: {}", name, w.amount);
}

int main() {
    weir::app app{"map-sample"};
    const std::vector<withdrawal> withdrawals{{"a1", 12}, {"b2", 7}, {"c3", 30}};

    // [map]
    app.agent("print", weir::from(withdrawals)                            // stream of withdrawal
        | weir::map(name_of, {.concurrency = 2})                          // of string, awaited
        | weir::map([](const std::string& s) { return s + " EUR"; })      // of string
        | weir::for_each([](const std::string& s) { fmt::print("{}\n", s); }));
    // [/map]

    app.run();  // until the range has ended
}
