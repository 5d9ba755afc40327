// SPDX-License-Identifier: Apache-2.0
// Faust's withdrawals: what each user and each country has withdrawn. A topic fills a third table,
// with the names of the countries.
//
// Prints:
//   ann has withdrawn 52.5
//   bob has withdrawn 100
//   Austria: 112.5
//   somewhere else: 40
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

struct withdrawal {
    std::string user, country;
    double amount;
};

int main(int argc, char** argv) try {
    weir::app app{"withdrawals"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");

    // [totals]
    auto user_to_total = app.table<std::string, double>("user_to_total");
    auto country_to_total = app.table<std::string, double>("country_to_total");
    const auto add = [](double& total, const withdrawal& w) { total += w.amount; };

    app.agent("track_user_withdrawal", withdrawals
        | weir::group_by(&withdrawal::user)
        | weir::aggregate(user_to_total, add));

    app.agent("track_country_withdrawal", withdrawals
        | weir::group_by(&withdrawal::country)
        | weir::aggregate(country_to_total, add));
    // [/totals]

    // [topic]
    auto countries = app.topic<std::string, std::string>("countries");
    auto names = app.table(countries, {.init = "somewhere else"});
    // [/topic]

    const std::vector<withdrawal> some{
        {"ann", "AT", 12.5}, {"bob", "AT", 100}, {"ann", "XX", 40}};
    app.agent("feed", weir::from(some) | weir::to(withdrawals));
    countries.send("AT", "Austria");

    const int code = app.main(argc, argv);
    // [after]
    for (auto&& [user, total] : user_to_total) fmt::print("{} has withdrawn {}\n", user, total);
    for (auto&& [country, total] : country_to_total)
        fmt::print("{}: {}\n", names.get(country), total);
    // [/after]
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
