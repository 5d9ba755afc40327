// SPDX-License-Identifier: Apache-2.0
// Blocking calls: 16 at once, those of one account one after another.
//
// Prints:
//   ann: charged 1, charged 2, charged 3
//   bob: charged 4, charged 5
#include <fmt/core.h>

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

struct order {
    std::string account;
    int number;
};
struct receipt {
    std::string account, text;
};

/// Blocks its thread, as a call of a database or an HTTP client does.
std::string charge_at_the_bank(const order& o) {
    std::this_thread::sleep_for(std::chrono::milliseconds{o.number % 3});
    return "charged " + std::to_string(o.number);
}

int main(int argc, char** argv) try {
    // [blocking]
    weir::app app{"shop", {.offload_threads = 16}};  // 4 unless said otherwise
    auto orders = app.topic<order>("orders");

    const auto charge = [](order o) -> weir::task<receipt> {
        auto call = [o] { return charge_at_the_bank(o); };    // it owns what it needs
        auto text = co_await weir::offload(std::move(call));  // never in one line: see below
        co_return receipt{o.account, std::move(text)};
    };
    std::map<std::string, std::string> charged;
    app.agent("charge", orders
        | weir::group_by(&order::account)  // the orders of one account in one partition, in order
        | weir::map(charge, {.concurrency = 16, .order = weir::order_by::key})
        | weir::for_each([&](const receipt& r) {
              auto& line = charged[r.account];
              line += (line.empty() ? "" : ", ") + r.text;
          }),
        {.on_error = weir::retry(3, std::chrono::milliseconds{100}).then(weir::stop)});
    // [/blocking]

    const std::vector<order> some{{"ann", 1}, {"ann", 2}, {"ann", 3}, {"bob", 4}, {"bob", 5}};
    app.agent("feed", weir::from(some) | weir::to(orders));
    const int status = app.main(argc, argv);
    for (auto& [account, line] : charged) fmt::print("{}: {}\n", account, line);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
