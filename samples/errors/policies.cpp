// SPDX-License-Identifier: Apache-2.0
// What happens to what fails: each of the three places has its policy.
//
// Prints:
//   charged ann
//   bob: declined, attempt 1
//   bob: declined, attempt 2
//   charged carol
//   letter: {"account": "bob", "price": 40}
//   letter: not an order
#include <fmt/core.h>

#include <algorithm>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    std::string account;
    double price;
};
struct receipt {
    std::string account;
};

struct quiet : weir::hooks {};  // the log would tell of each failure

int main(int argc, char** argv) try {
    quiet hooks;
    // [app]
    weir::app app{"shop", {
        .on_decode_error = weir::dead_letter("undecodable"),       // not the bytes of an order
        .on_error = weir::retry(1, 1ms).then(weir::skip),          // an exception in a body
        .on_produce_error = weir::retry(5, 1s).then(weir::stop),   // a send that failed for good
        .hooks = &hooks,
    }};
    // [/app]
    // [topics]
    auto orders = app.topic<order>("orders", {.on_decode_error = weir::dead_letter("orders-dead")});
    auto receipts = app.topic<receipt>("receipts", {.on_produce_error = weir::skip});
    // [/topics]

    const std::vector<std::string> lines{
        R"({"account": "ann", "price": 12.5})", "not an order",
        R"({"account": "bob", "price": 40})", R"({"account": "carol", "price": 7})"};
    app.agent("feed", weir::from(lines) | weir::to("orders"));

    int attempts = 0, charged = 0;
    std::vector<std::string> letters;
    const auto stop_behind_the_last = [&] {
        if (charged == 2 && letters.size() == 2) app.stop();
    };
    const auto charge = [&](const order& o) {
        if (o.account == "bob") {
            fmt::print("bob: declined, attempt {}\n", ++attempts);
            throw std::runtime_error{"declined"};
        }
        fmt::print("charged {}\n", o.account), ++charged;
        stop_behind_the_last();
        return receipt{o.account};
    };
    // [agent]
    app.agent("charge", orders | weir::map(charge) | weir::to(receipts),
              {.on_error = weir::retry(1, 1ms).then(weir::dead_letter("orders-dead"))});
    // [/agent]

    app.agent("letters", app.topic("orders-dead") | weir::for_each([&](const weir::bytes& letter) {
        letters.emplace_back(letter.view());
        stop_behind_the_last();
    }));
    const int status = app.main(argc, argv);
    std::sort(letters.rbegin(), letters.rend());
    for (auto& letter : letters) fmt::print("letter: {}\n", letter);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
