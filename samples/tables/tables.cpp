// SPDX-License-Identifier: Apache-2.0
// Tables: changed by one agent, read by others, and there again in the next run. Played on a
// virtual clock, as a test would.
//
// Prints:
//   eve has spent 0
//   ann has spent 52.5
//   ann has spent 52.5, says the loop
//   ann: 52.5
//   bob: 40
//   2 accounts, and ann's is one
//   in the next run:
//   ann has spent 52.5
//   somebody asks about ann again
#include <fmt/core.h>

#include <future>
#include <string>
#include <utility>
#include <vector>
#include <weir/ask.hpp>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct order {
    std::string account;
    double price;
};
struct spent {
    double sum = 0;
    int orders = 0;
};

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<order>("orders", {.partitions = 4});
    auto asked = app.topic<std::string>("asked");

    // [change]
    auto totals = app.table<std::string, spent>("totals");  // keys and values
    const auto add = [](spent& s, const order& o) { s.sum += o.price, ++s.orders; };

    app.agent("totals", orders                         // stream of order
        | weir::group_by(&order::account)              // the same, keyed by account
        | weir::aggregate(totals, add)                 // of spent: what the table has now
        | weir::filter([](const spent& s) { return s.sum > 50; })
        | weir::to("dear-customers"));                 // with its key
    // [/change]

    // [read]
    app.agent("answers", asked | weir::for_each([totals](const std::string& who) {
        fmt::print("{} has spent {}\n", who, totals.get(who).sum);  // .init's, if there is none
    }));
    // [/read]

    // [body]
    auto questions = app.table<std::string, int>("questions");

    app.agent("questions", asked | weir::for_each([questions](const std::string& who) {
        questions[who] += 1;
        if (questions[who] == 2) fmt::print("somebody asks about {} again\n", who);
    }), {.tables = {questions}});                      // it says which tables it changes
    // [/body]

    weir::testing::test_driver test{app};
    test.send(asked, "eve");
    for (auto& [who, price] : std::vector<order>{{"ann", 12.5}, {"bob", 40}, {"ann", 40}})
        test.send(orders, {who, price});
    test.send(asked, "ann");

    // [ask]
    std::future<double> sum = app.ask([totals] { return totals.get("ann").sum; });
    // [/ask]
    test.run();
    fmt::print("ann has spent {}, says the loop\n", sum.get());

    // [look]
    totals.each([](const std::string& who, const spent& s) {
        fmt::print("{}: {}\n", who, s.sum);
    });
    const spent* ann = totals.find("ann");             // null if there is none
    if (ann) fmt::print("{} accounts, and ann's is one\n", totals.size());
    // [/look]

    test.restart();                                    // restores the table
    fmt::print("in the next run:\n");
    test.send(asked, "ann");
}
