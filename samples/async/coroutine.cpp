// SPDX-License-Identifier: Apache-2.0
// An agent that is a coroutine: it awaits something for a value, and keeps state between them.
//
// Prints:
//   alice 12.5
//   bob 40
//   2 large withdrawals
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct withdrawal {
    std::string account;
    double amount;
};
bool big(const withdrawal& w) { return w.amount > 10; }

int main() {
    weir::app app{"coroutine"};
    auto withdrawals = weir::from(
        std::vector<withdrawal>{{"alice", 12.5}, {"bob", 40}, {"carol", 3}});

    // [coroutine]
    app.agent("a", withdrawals | weir::filter(big), [](auto stream) -> weir::task<> {
        int count = 0;
        while (auto w = co_await stream.next()) {  // the one before is acknowledged
            co_await weir::sleep(1ms);             // the loop turns; *w stays
            fmt::print("{} {}\n", w->account, w->amount);
            ++count;
        }
        fmt::print("{} large withdrawals\n", count);  // the stream has ended, or the app stops
    });
    // [/coroutine]
    app.run();
}
