// SPDX-License-Identifier: Apache-2.0
// A table that is grouped: how many accounts each city has, and what they have together. An account
// that moves is counted in its new city alone. Played on a virtual clock, as a test would.
//
// Prints:
//   Graz: 1 accounts, 100
//   Graz: 2 accounts, 150
//   Graz: 2 accounts, 180
//   Graz: 1 accounts, 80
//   Linz: 1 accounts, 100
//   Linz: 0 accounts, 0
#include <fmt/core.h>

#include <optional>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct account {
    std::string city;
    int balance = 0;
};
struct sum_of_city {
    int accounts = 0, balance = 0;
};

int main() {
    weir::app app{"bank"};
    auto account_topic = app.topic<std::string, std::optional<account>>("accounts");

    // [grouped]
    auto accounts = app.table(account_topic);          // the last state of each account
    auto cities = app.table<std::string, sum_of_city>("cities");

    const auto add = [](sum_of_city& s, const account& a) { ++s.accounts, s.balance += a.balance; };
    const auto subtract = [](sum_of_city& s, const account& a) {
        --s.accounts, s.balance -= a.balance;
    };
    app.agent("cities", accounts.changes()
        | weir::group_by(&account::city)               // rows, by their city
        | weir::aggregate(cities, add, subtract)       // of sum_of_city, keyed by city
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [city, s] = item;
              fmt::print("{}: {} accounts, {}\n", city, s.accounts, s.balance);
          }));
    // [/grouped]

    // [play]
    weir::testing::test_driver test{app};
    test.send(account_topic, "1", account{"Graz", 100});
    test.send(account_topic, "2", account{"Graz", 50});
    test.send(account_topic, "2", account{"Graz", 80});   // was 50: one change of Graz
    test.send(account_topic, "1", account{"Linz", 100});  // leaves Graz, then comes to Linz
    test.send(account_topic, "1", std::nullopt);
    // [/play]
}
