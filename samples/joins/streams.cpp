// SPDX-License-Identifier: Apache-2.0
// left_join and outer_join of two streams: which orders were not paid in time. Played on a virtual
// clock, as a test would, to give the messages their timestamps.
//
// Prints:
//   4 s: a-1 is paid with 30
//   21 s: a-2 was not paid
//   31 s: 45 for b-7, which nobody has ordered
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order { std::string account; };
struct payment { int sum = 0; };

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");
    auto payments = app.topic<std::string, payment>("payments");
    int now = 0;

    // [left_join]
    const auto state = [](const order&, const payment* p) {  // null: there was none
        return p ? "is paid with " + std::to_string(p->sum) : std::string{"was not paid"};
    };
    app.agent("paid", orders
        | weir::left_join(payments, weir::within(0s, 5s), weir::grace(2s), state)
        | weir::items()
        | weir::for_each([&](const auto& item) {
              fmt::print("{} s: {} {}\n", now, item.key(), item.value());
          }));
    // [/left_join]

    // [outer_join]
    const auto unknown = [](const order* o, const payment* p) { return o ? 0 : p->sum; };
    app.agent("unknown", orders
        | weir::outer_join(payments, weir::within(0s, 5s), weir::grace(2s), {.idle = 10s},
                           unknown)
        | weir::filter([](int sum) { return sum > 0; })
        | weir::items()
        | weir::for_each([&](const auto& item) {
              fmt::print("{} s: {} for {}, which nobody has ordered\n", now, item.value(),
                         item.key());
          }));
    // [/outer_join]

    weir::testing::test_driver test{app};
    const auto at = [&](int second) {
        now = second;
        return weir::testing::send_options{
            .timestamp = weir::timestamp{std::chrono::seconds{second}}};
    };
    test.send(orders, "a-1", {"ann"}, at(1));
    test.send(payments, "a-1", {30}, at(4));
    test.send(orders, "a-2", {"ann"}, at(10));
    test.send(payments, "b-7", {45}, at(21));  // moves the time behind 10 + 5 + 2
    now = 31;
    test.advance(20s);  // nothing comes any more
}
