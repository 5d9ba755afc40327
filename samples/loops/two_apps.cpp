// SPDX-License-Identifier: Apache-2.0
// Two apps in one process and one loop: two consumer groups on one broker.
//
// Prints:
//   billing: alice 12
//   billing: bob 7
//   audit: 2 withdrawals
#include <fmt/core.h>
#include <poll.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct withdrawal {
    std::string account;
    int amount;
};

int main() {
    const std::vector<withdrawal> some{{"alice", 12}, {"bob", 7}};

    // [two]
    weir::app billing{"billing", {.broker = "memory://bank"}};
    weir::app audit{"audit", {.broker = "memory://bank"}};
    auto to_bill = billing.topic<withdrawal>("withdrawals");
    auto to_audit = audit.topic<withdrawal>("withdrawals");  // a handle belongs to its app

    billing.agent("feed", weir::from(some) | weir::to(to_bill));
    billing.agent("bill", to_bill | weir::for_each([&](const withdrawal& w) {
                              fmt::print("billing: {} {}\n", w.account, w.amount);
                              if (w.account == "bob") billing.stop();
                          }));
    int seen = 0;
    audit.agent("count", to_audit | weir::for_each([&](const withdrawal&) {
                             if (++seen == 2) audit.stop();
                         }));

    bool first = billing.poll(0s), second = audit.poll(0s);
    while (first || second) {
        pollfd fds[] = {{first ? billing.poll_fd() : -1, POLLIN, 0},
                        {second ? audit.poll_fd() : -1, POLLIN, 0}};
        ::poll(fds, 2, -1);
        if (fds[0].revents) first = billing.poll(0s);
        if (fds[1].revents) second = audit.poll(0s);
    }
    // [/two]
    fmt::print("audit: {} withdrawals\n", seen);
}
