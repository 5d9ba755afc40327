// SPDX-License-Identifier: Apache-2.0
// A shop: which orders are paid within an hour, which are not, and what each region orders in each
// hour. Two joins of streams, one with a table, and windows:
//
//     payments --keyed-input customers=customers.tsv --keyed-input orders=orders.tsv
//              --keyed-input payments=payments.tsv
//
// Prints:
//   a-3: customer 17 owes 20
//   a-4: customer 19 owes 10
//   a-6: customer 19 owes 60
//   a-1 is paid after 12 min
//   a-2 is paid after 60 min
//   a-5 is paid after 11 min
//   09:00-10:00 north: 50 in 2 orders
//   09:00-10:00 south: 45 in 1 orders
//   10:00-11:00 north: 10 in 1 orders
//   10:00-11:00 south: 25 in 1 orders
//   11:00-12:00 north: 60 in 1 orders
#include <fmt/chrono.h>
#include <fmt/core.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [types]
struct customer { std::string name, region; };
struct order { std::string customer; int sum = 0; weir::timestamp at{}; };
struct payment { int sum = 0; weir::timestamp at{}; };

struct paid { std::chrono::minutes after{}; };           // an order and its payment
struct state { std::string customer; int owes = 0; };    // an order, with or without one
struct sale { std::string region, name; int sum = 0; };  // an order and its customer
struct revenue { int sum = 0, orders = 0; };             // of a region in an hour
// [/types]

int main(int argc, char** argv) try {
    weir::app app{"shop"};

    // [topics]
    auto orders = app.topic<std::string, order>("orders", {.partitions = 1}).time(&order::at);
    auto payments = app.topic<std::string, payment>("payments", {.partitions = 1})
                        .time(&payment::at);                    // keyed by the order's number
    auto customers = app.topic<std::string, customer>("customers", {.partitions = 1});
    // [/topics]

    // [paid]
    const auto after = [](const order& o, const payment& p) {
        return paid{std::chrono::floor<std::chrono::minutes>(p.at - o.at)};
    };
    app.agent("paid", orders                                   // stream of order, by its number
        | weir::join(payments, weir::within(0s, 1h), weir::grace(10min), after)  // of paid
        | weir::items()
        | weir::for_each([](const auto& item) {
              fmt::print("{} is paid after {} min\n", item.key(), item.value().after.count());
          }));
    // [/paid]

    // [unpaid]
    const auto owes = [](const order& o, const payment* p) {   // null: it was not paid in time
        return state{o.customer, p ? 0 : o.sum};
    };
    app.agent("unpaid", orders
        | weir::left_join(payments, weir::within(0s, 1h), weir::grace(10min), owes)  // of state
        | weir::filter([](const state& s) { return s.owes > 0; })
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [number, s] = item;
              fmt::print("{}: customer {} owes {}\n", number, s.customer, s.owes);
          }));
    // [/unpaid]

    // [revenue]
    auto people = app.table(customers);                        // the last one of each number
    const auto with_customer = [](const order& o, const customer* c) {
        if (!c) throw std::runtime_error{"nobody is customer " + o.customer};
        return sale{c->region, c->name, o.sum};
    };
    auto hours = app.table<weir::windowed<std::string>, revenue>("revenue");
    const auto add = [](revenue& r, const sale& s) { r.sum += s.sum, ++r.orders; };

    app.agent("revenue", orders
        | weir::group_by(&order::customer)                     // by customer, in a topic
        | weir::left_join(people, with_customer)               // of sale
        | weir::through("sales")                               // others may read them, too
        | weir::group_by(&sale::region)                        // by region, in a topic
        | weir::window(weir::tumbling(1h), weir::grace(10min))
        | weir::aggregate(hours, add)                          // of revenue, when an hour closes
        | weir::items()
        | weir::for_each([](const auto& item) {
              auto& [of, r] = item;
              fmt::print("{:%H:%M}-{:%H:%M} {}: {} in {} orders\n", of.start, of.end, of.key,
                         r.sum, r.orders);
          }),
        {.on_error = weir::retry(50, 100ms).then(weir::dead_letter("orders-of-nobody"))});
    // [/revenue]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
