// SPDX-License-Identifier: Apache-2.0
// Dead letters are sent back when what was wrong has been mended.
//
// Prints:
//   charged ann
//   bob: the bank does not answer
//   charged carol
//   sent back: {"account":"bob","price":40}
//   charged bob
#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <vector>
#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

struct order {
    std::string account;
    double price;
};

struct quiet : weir::hooks {};

/// Charges orders until `last` has been charged.
void charge_until(const std::string& last, bool bank_answers) {
    quiet hooks;
    weir::app app{"shop", {.broker = "memory://resend", .hooks = &hooks}};
    auto orders = app.topic<order>("orders");
    app.agent("charge", orders | weir::for_each([&](const order& o) {
        if (o.account == "bob" && !bank_answers) {
            fmt::print("bob: the bank does not answer\n");
            throw std::runtime_error{"the bank does not answer"};
        }
        fmt::print("charged {}\n", o.account);
        if (o.account == last) app.stop();
    }), {.on_error = weir::dead_letter("orders-dead")});
    app.run();
}

/// A program of its own: key, value, headers and timestamp go back as they came.
void send_back() {
    weir::app app{"resend", {.broker = "memory://resend"}};
    // [resend]
    app.agent("resend", app.topic("orders-dead")            // bytes: nothing is decoded
        | weir::tap([&](const weir::bytes& letter) {
              fmt::print("sent back: {}\n", letter.view());
              app.stop();
          })
        | weir::to("orders"));
    // [/resend]
    app.run();
}

int main() {
    const auto broker = weir::transport::memory_broker::named("resend");  // outlives the three runs
    {
        const std::vector<order> some{{"ann", 12.5}, {"bob", 40}, {"carol", 7}};
        weir::app feed{"feed", {.broker = "memory://resend"}};
        feed.agent("feed", weir::from(some) | weir::to("orders"));
        feed.run();
    }
    charge_until("carol", false);
    send_back();
    charge_until("bob", true);
}
