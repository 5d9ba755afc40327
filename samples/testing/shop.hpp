// SPDX-License-Identifier: Apache-2.0
// The pipelines that the examples of docs/testing.md test.
#pragma once
#include <string>
#include <utility>
#include <weir/weir.hpp>

struct order {
    std::string item;
    int price = 0;
};

// [build]
/// Built by `main` on Kafka, and by each test on its own app.
struct shop {
    weir::topic<std::string, order> orders;  // keyed by account
    weir::topic<std::string, int> sums;
    weir::table<std::string, int> spent;     // what each account has spent

    template <class Charge>
    shop(weir::app& app, Charge charge)
        : orders{app.topic<std::string, order>("orders", {.partitions = 2})},
          sums{app.topic<std::string, int>("sums")},
          spent{app.table<std::string, int>("spent")} {
        const auto add = [](int& sum, const order& o) { sum += o.price; };
        app.agent("charge", orders
            | weir::tap(std::move(charge))  // asks the bank
            | weir::aggregate(spent, add)
            | weir::to(sums),
            {.on_error = weir::retry(1, std::chrono::seconds{1})
                             .then(weir::dead_letter("not-charged"))});
    }
};
// [/build]
