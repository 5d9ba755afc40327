// SPDX-License-Identifier: Apache-2.0
// join of two streams: orders and their payments. Played on a virtual clock, as a test would, to
// give the messages their timestamps.
//
// Prints:
//   4 s: a-1 is paid with 30 after 3 s
//   12 s: a-2 is paid with 20 after 5 s
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [types]
struct order { int second = 0; };
struct payment { int second = 0; int sum = 0; };
struct paid_order { int after = 0; int sum = 0; };
// [/types]

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");        // by the order's number
    auto payments = app.topic<std::string, payment>("payments");  // likewise
    int now = 0;

    // [join]
    const auto paid = [](const order& o, const payment& p) {
        return paid_order{p.second - o.second, p.sum};
    };
    app.agent("paid", orders
        | weir::join(payments, weir::within(0s, 5s), weir::grace(2s), paid)  // of paid_order
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [number, p] = item;
              fmt::print("{} s: {} is paid with {} after {} s\n", now, number, p.sum, p.after);
          }));
    // [/join]

    weir::testing::test_driver test{app};
    const auto at = [&](int second) {
        now = second;
        return weir::testing::send_options{
            .timestamp = weir::timestamp{std::chrono::seconds{second}}};
    };
    test.send(orders, "a-1", {1}, at(1));
    test.send(payments, "a-1", {4, 30}, at(4));
    test.send(orders, "a-2", {7}, at(7));
    test.send(payments, "a-1", {8, 99}, at(8));    // more than 5 s behind its order
    test.send(payments, "a-2", {12, 20}, at(12));  // 5 s: the bound belongs to it
}
