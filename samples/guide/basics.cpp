// SPDX-License-Identifier: Apache-2.0
// An app, its topics, an agent; the program that app.main makes of them.
//
// Prints:
//   alice took 12.5
//   bob took 5000.0
//   1 order of two topics, 2 of all
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [types]
struct withdrawal { std::string account; double amount; };
struct order      { std::string account_id, product_id; double amount, price; };
// [/types]

int main(int argc, char** argv) try {
    // [app]
    weir::app app{"example-app"};      // the consumer group's id; an embedded broker
    weir::app tuned{"bank", {.broker = "kafka://localhost:9092", .commit_interval = 1s,
                             .stream_buffer_max = 1000,
                             .kafka = {{"security.protocol", "SASL_SSL"},
                                       {"fetch.min.bytes", "1"}}}};
    // [/app]

    // [topics]
    auto withdrawals = app.topic<withdrawal>("withdrawals");  // values decoded, keys are bytes
    auto keyed = app.topic<std::string, order>("orders", {.partitions = 8});
    auto messages = app.topic("messages");                    // no type: weir::bytes
    auto several = app.topics<order>({"orders-eu", "orders-us"});
    auto by_pattern = app.topics<order>("^orders-.*");        // those that appear later, too
    // [/topics]

    // [agent]
    app.agent("print", withdrawals | weir::for_each([](const withdrawal& w) {
        fmt::print("{} took {:.1f}\n", w.account, w.amount);
    }));
    // [/agent]
    app.agent("orders", keyed);  // read and acknowledged, for there is nothing to do
    app.agent("messages", messages);
    int of_two = 0, of_all = 0;
    app.agent("two", several | weir::for_each([&](const order&) { ++of_two; }));
    app.agent("all", by_pattern | weir::for_each([&](const order&) { ++of_all; }));

    const std::vector<withdrawal> some{{"alice", 12.5}, {"bob", 5000}};
    app.agent("feed", weir::from(some) | weir::to(withdrawals));
    const std::vector<order> orders{{"ann", "pear", 1, 40}};
    for (const char* name : {"orders-eu", "orders-asia"})
        app.agent(name, weir::from(orders) | weir::to(name));

    const int code = app.main(argc, argv);
    fmt::print("{} order of two topics, {} of all\n", of_two, of_all);
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
