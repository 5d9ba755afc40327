// SPDX-License-Identifier: Apache-2.0
// timers: an order that is not paid within an hour is called to mind. Played on a virtual clock, as
// a test would, to give the messages their timestamps.
//
// Prints:
//   a-2 is not paid: 30
#include <fmt/core.h>

#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order { std::string number; int price = 0; bool paid = false; };
struct reminder { std::string number; int price = 0; };

int main() {
    weir::app app{"shop"};
    auto orders = app.topic<std::string, order>("orders");  // by number

    // [timers]
    auto open = app.table<std::string, weir::timed<order>>("open");

    app.agent("remind", orders
        | weir::events()                        // of event<string, order>
        | weir::tap([=](const auto& e) {
              auto& o = e.value();
              if (o.paid) return open.erase(o.number);  // and its timer
              open.put(o.number, o);
              open.at(o.number, e.timestamp() + 1h);
          })
        | weir::timers<reminder>(open, [](const std::string& number, order& o, auto& out) {
              out(reminder{number, o.price});
          })                                    // of reminder, keyed by number
        | weir::for_each([](const reminder& r) {
              fmt::print("{} is not paid: {}\n", r.number, r.price);
          }));
    // [/timers]

    weir::testing::test_driver test{app};
    const auto at = [](std::chrono::minutes t) {
        return weir::testing::send_options{.timestamp = weir::timestamp{t}};
    };
    test.send(orders, "a-1", {"a-1", 20}, at(1min));
    test.send(orders, "a-2", {"a-2", 30}, at(2min));
    test.send(orders, "a-1", {"a-1", 20, true}, at(40min));
    test.send(orders, "a-3", {"a-3", 40}, at(90min));
}
