// SPDX-License-Identifier: Apache-2.0
// A task and a timer beside an agent.
//
// Prints:
//   alice 12.5
//   tick 1
//   tick 2
#include <fmt/core.h>

#include <string>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct withdrawal {
    std::string account;
    double amount;
};

int main() {
    weir::app app{"timers"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    app.agent("print", withdrawals | weir::for_each([](const withdrawal& w) {
                           fmt::print("{} {}\n", w.account, w.amount);
                       }));

    int ticks = 0;
    // [timers]
    app.task([&]() -> weir::task<> {  // once a run; cancelled at its end
        co_await withdrawals.send("k", {"alice", 12.5});
    });
    app.timer(20ms, [&] {  // every 20 ms while the app runs
        fmt::print("tick {}\n", ++ticks);
        if (ticks == 2) app.stop();
    });
    // [/timers]
    app.run();
}
