// SPDX-License-Identifier: Apache-2.0
// The policies of README.md.
//
// Prints:
//   charged ann
#include <fmt/core.h>

#include <stdexcept>
#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    double price;
};

int main(int argc, char** argv) try {
    const auto charge = [](const order& o) {
        if (o.price < 0) throw std::runtime_error{"a negative price"};
        fmt::print("charged {}\n", o.account);
    };
    // [policies]
    weir::app app{"shop", {
        .on_decode_error = weir::dead_letter("undecodable"),      // not the bytes of an order
        .on_error = weir::stop,                                   // an exception in any agent
        .on_produce_error = weir::retry(5, 1s).then(weir::stop),  // a send that failed
    }};
    auto orders = app.topic<order>("orders");
    app.agent("charge", orders | weir::for_each(charge),          // in this agent alone
              {.on_error = weir::retry(3, 100ms).then(weir::dead_letter("not-charged"))});
    // [/policies]

    const std::vector<std::string> lines{R"({"account": "ann", "price": 12.5})", "no order"};
    app.agent("feed", weir::from(lines) | weir::to("orders"));
    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
