// SPDX-License-Identifier: Apache-2.0
// items, take, enumerate, map and the rest.
//
// Prints:
//   k1 bought 2
//   k2 bought 1
//   k1 bought 3
//   #1 costs 40
//   #2 costs 400
//   #3 costs 4
//   so far 80
//   so far 480
//   so far 492
//   3 orders, the first one for 40
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order { std::string account_id, product_id; double amount, price; };

order in_cents(order o) {
    o.price *= 100;
    return o;
}
weir::task<order> in_euro(order o) {
    o.price /= 100;  // after a look at the rates of the day
    co_return o;
}

int main() {
    weir::app app{"operators"};
    auto keyed = app.topic<std::string, order>("orders");

    // [items]
    app.agent("items", keyed | weir::items() | weir::for_each([](const auto& item) {
        auto& [key, order] = item;
        fmt::print("{} bought {}\n", key, order.amount);
    }));
    // [/items]

    // [enumerate]
    app.agent("enumerate", keyed | weir::enumerate(1) | weir::for_each([](const auto& indexed) {
        auto& [i, order] = indexed;
        fmt::print("#{} costs {}\n", i, order.price);
    }));
    // [/enumerate]

    // [take]
    app.agent("take", keyed
        | weir::take(100, 10s)                                      // 100, or 10 s worth
        | weir::for_each([](const weir::batch<order>& orders) {
              fmt::print("{} orders, the first one for {}\n", orders.size(), orders[0].price);
          }));
    // [/take]

    // [rest]
    std::vector<std::string> products;
    app.agent("spent", keyed
        | weir::map(in_cents)
        | weir::map(in_euro, {.concurrency = 64,                    // awaited, 64 at once
                              .order = weir::order_by::key})        // in order for each key
        | weir::filter([](const order& o) { return o.amount > 0; })
        | weir::tap([&](const order& o) { products.push_back(o.product_id); })
        | weir::flat_map([](const order& o) { return std::vector{o.amount * o.price}; })
        | weir::scan(0.0, [](double sum, double spent) { return sum + spent; })
        | weir::for_each([](double sum) { fmt::print("so far {}\n", sum); }));
    // [/rest]

    weir::testing::test_driver test{app};
    test.append(keyed, "k1", {"ann", "pear", 2, 40});
    test.append(keyed, "k2", {"bob", "plum", 1, 400});
    test.send(keyed, "k1", {"ann", "plum", 3, 4});
    test.advance(10s);
}
