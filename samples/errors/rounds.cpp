// SPDX-License-Identifier: Apache-2.0
// An agent sends dead letters back, and gives up after three failures of one message.
//
// Prints:
//   charged ann
//   bob: declined, attempt 1
//   bob: declined, attempt 2
//   bob: declined, attempt 3
#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct order {
    std::string account;
    double price;
};

struct quiet : weir::hooks {};

int main(int argc, char** argv) try {
    quiet hooks;
    weir::app app{"shop", {.hooks = &hooks}};
    auto orders = app.topic<order>("orders");
    const std::vector<order> some{{"ann", 12.5}, {"bob", 40}};
    app.agent("feed", weir::from(some) | weir::to("orders"));
    int attempts = 0;
    bool charged = false, given_up = false;
    const auto stop_behind_both = [&] {
        if (charged && given_up) app.stop();
    };
    const auto charge = [&](const order& o) {
        if (o.account == "bob") {
            fmt::print("bob: declined, attempt {}\n", ++attempts);
            throw std::runtime_error{"declined"};
        }
        fmt::print("charged {}\n", o.account);
        charged = true, stop_behind_both();
    };
    // [rounds]
    const auto failures = [](const auto& letter) {
        const auto all = letter.headers();
        return std::count_if(all.begin(), all.end(),
                             [](auto& h) { return h.name == "weir.error"; });
    };
    app.agent("charge", orders | weir::for_each(charge), {.on_error = weir::dead_letter("failed")});
    app.agent("again", app.topic("failed")
        | weir::events()
        | weir::filter([&](const auto& letter) { return failures(letter) < 3; })
        | weir::map([](const auto& letter) { return letter.value(); })
        | weir::to("orders"));
    // [/rounds]
    app.agent("given-up", app.topic("failed") | weir::events() | weir::for_each([&](auto& letter) {
        if (failures(letter) == 3) given_up = true, stop_behind_both();
    }));
    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
