// SPDX-License-Identifier: Apache-2.0
// When a message is acknowledged: by itself, by hand, or not at all before a hold is released.
//
// Prints:
//   withdrawals[0]@0: alice 12.5, acknowledged by hand
//   withdrawals[0]@1: bob 5000.0, acknowledged by hand
//   the guard has alice
//   the guard has bob
//   kept 2, committed -1
//   committed 2
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

struct withdrawal { std::string account; double amount; };

int main() {
    weir::app app{"bank"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");

    // [ack]
    app.agent("early", withdrawals | weir::events() | weir::for_each([](auto& event) {
        auto& w = event.value();
        event.ack();  // done with it, whatever comes now
        fmt::print("{}[{}]@{}: {} {:.1f}, acknowledged by hand\n", event.topic(),
                   event.partition(), event.offset(), w.account, w.amount);
    }));
    // [/ack]

    // [guard]
    app.agent("guarded", withdrawals | weir::events() | weir::for_each([](auto& event) {
        weir::ack_on_exit guard{event};  // when the body is left, however it is left
        fmt::print("the guard has {}\n", event.value().account);
    }));
    // [/guard]

    // [noack]
    std::vector<weir::hold> kept;
    app.agent("later", withdrawals
        | weir::events()
        | weir::noack()
        | weir::for_each([&](auto& event) { kept.push_back(event.hold()); }));
    // [/noack]

    weir::testing::test_driver test{app};
    const auto committed = [&] {
        test.commit();
        return test.committed(withdrawals, 0).value_or(-1);
    };
    test.append(withdrawals, std::nullopt, {"alice", 12.5});
    test.send(withdrawals, std::nullopt, {"bob", 5000});
    fmt::print("kept {}, committed {}\n", kept.size(), committed());

    // [kept]
    for (auto& hold : kept) hold.ack();  // now they may be committed
    // [/kept]
    test.run();
    fmt::print("committed {}\n", committed());
}
