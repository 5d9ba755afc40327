// SPDX-License-Identifier: Apache-2.0
// A table that a coroutine changes: each rate is asked for once. And its changes, as a stream.
// Played on a virtual clock, as a test would.
//
// Prints:
//   asks for USD
//   asks for DKK
//   10 USD: 9.00 EUR
//   100 DKK: 13.40 EUR
//   20 USD: 18.00 EUR
//   USD is at 0.9 now
//   DKK is at 0.134 now
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct payment {
    std::string currency;
    double amount;
};

/// Stands for a service that takes its time.
weir::task<double> rate_of(std::string currency) {
    fmt::print("asks for {}\n", currency);
    co_await weir::sleep(1s);
    co_return currency == "USD" ? 0.9 : 0.134;
}

int main() {
    weir::app app{"bank"};
    auto payments = app.topic<payment>("payments");

    // [coroutine]
    auto rates = app.table<std::string, double>("rates");

    app.agent("in-euro", payments
        | weir::group_by(&payment::currency)
        | weir::map([rates](payment p) -> weir::task<double> {
              if (!rates.contains(p.currency)) {
                  const double rate = co_await rate_of(p.currency);
                  rates[p.currency] = rate;            // applied when the call has ended
              }
              const double euro = p.amount * rates[p.currency];
              fmt::print("{} {}: {:.2f} EUR\n", p.amount, p.currency, euro);
              co_return euro;
          }, {.concurrency = 8, .order = weir::order_by::key})  // a currency's payments one by one
        | weir::to("in-euro"), {.tables = {rates}});
    // [/coroutine]

    // [changes]
    app.agent("tells", rates.changes()                 // stream of std::optional<double>, with keys
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [currency, rate] = item;
              if (rate) fmt::print("{} is at {} now\n", currency, *rate);
          }));
    // [/changes]

    weir::testing::test_driver test{app};
    for (auto& [currency, amount] : std::vector<payment>{{"USD", 10}, {"DKK", 100}, {"USD", 20}})
        test.append(payments, std::nullopt, {currency, amount});
    test.run();
    test.advance(1s);
    test.commit();
}
