// SPDX-License-Identifier: Apache-2.0
// Two topics as one stream.
//
// Prints:
//   4 orders, 2 of them by phone
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct order { std::string account_id, product_id; double amount, price; };

int main(int argc, char** argv) try {
    weir::app app{"combining"};
    auto topic1 = app.topic<order>("orders-web");
    auto topic2 = app.topic<order>("orders-phone");
    int seen = 0, by_phone = 0;

    // [combine]
    auto both = topic1 & (topic2 | weir::tap([&](const order&) { ++by_phone; }));
    app.agent("count", both | weir::for_each([&](const order&) { ++seen; }));
    // [/combine]

    const std::vector<order> some{{"a", "p", 1, 2}, {"b", "p", 1, 2}};
    app.agent("web", weir::from(some) | weir::to(topic1));
    app.agent("phone", weir::from(some) | weir::to(topic2));
    const int code = app.main(argc, argv);
    fmt::print("{} orders, {} of them by phone\n", seen, by_phone);
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
