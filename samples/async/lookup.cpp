// SPDX-License-Identifier: Apache-2.0
// Asynchronous functions in a pipeline: a map in order of keys, a group_by whose key is looked up.
//
// Prints:
//   gold: alice 12
//   gold: alice 30
//   plain: bob 7
#include <fmt/core.h>

#include <map>
#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    int amount;
};

// [functions]
weir::task<order> checked(order o) {  // asks a slow server, say
    co_await weir::sleep(o.amount == 12 ? 5ms : 1ms);
    co_return o;
}
weir::task<std::string> plan_of(order o) {
    co_await weir::sleep(1ms);
    co_return o.account == "alice" ? "gold" : "plain";
}
// [/functions]

int main(int argc, char** argv) try {
    weir::app app{"lookup"};
    auto orders = app.topic<order>("orders");
    const std::vector<order> some{{"alice", 12}, {"bob", 7}, {"alice", 30}};
    std::map<std::string, std::vector<std::string>> by_plan;
    std::size_t seen = 0;

    app.agent("feed", weir::from(some) | weir::group_by(&order::account) | weir::to(orders));
    // [pipeline]
    app.agent("plans", orders
        | weir::map(checked, {.concurrency = 64, .order = weir::order_by::key})
        | weir::group_by(plan_of, {.name = "plan", .partitions = 16, .concurrency = 64})
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [plan, o] = item;
              by_plan[plan].push_back(fmt::format("{} {}", o.account, o.amount));
              if (++seen == some.size()) app.stop();
          }));
    // [/pipeline]
    const int status = app.main(argc, argv);
    for (auto& [plan, orders_of] : by_plan)
        for (auto& o : orders_of) fmt::print("{}: {}\n", plan, o);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
