// SPDX-License-Identifier: Apache-2.0
// A stream that is iterated: the loop turns inside ++it.
//
// Prints:
//   ann paid 12
//   bob paid 40
//   0: ann
//   1: cid
//   of three: 60
#include <fmt/core.h>

#include <range/v3/view/enumerate.hpp>
#include <string>
#include <vector>
#include <weir/ranges.hpp>
#include <weir/weir.hpp>

struct payment {
    std::string account;
    int amount;
};

int main() {
    const std::vector<payment> some{{"ann", 12}, {"bob", 40}, {"cid", 8}};
    {
        weir::app app{"iterating"};
        auto payments = app.topic<payment>("payments");
        app.agent("feed", weir::from(some) | weir::to(payments));
        // [loop]
        const auto dear = [](const payment& p) { return p.amount > 10; };
        for (const payment& p : app.stream(payments) | weir::filter(dear)) {
            fmt::print("{} paid {}\n", p.account, p.amount);
            if (p.account == "bob") break;  // bob's is acknowledged, cid's is not
        }
        // [/loop]
    }
    weir::app app{"ranges"};
    auto payments = app.topic<payment>("payments");
    app.agent("feed", weir::from(some) | weir::to(payments));
    // [ranges]
    auto small = app.stream(payments) | weir::filter([](auto& p) { return p.amount < 20; });
    for (auto&& [i, p] : small | ranges::views::enumerate) {
        fmt::print("{}: {}\n", i, p.account);
        if (i == 1) break;
    }
    // [/ranges]

    // [from]
    auto amounts = weir::from(some) | weir::map(&payment::amount);  // no app, no topic
    int sum = 0;
    for (int a : amounts) sum += a;
    // [/from]
    fmt::print("of three: {}\n", sum);
}
