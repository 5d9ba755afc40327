// SPDX-License-Identifier: Apache-2.0
// What a test starts as a process: large withdrawals are flagged, in a topic that no agent reads.
#include <string>

#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct withdrawal {
    std::string account;
    double amount;
};

int main(int argc, char** argv) {
    weir::app app{"bank"};
    auto withdrawals = app.topic<withdrawal>("withdrawals");
    auto keyed = app.topic<std::string, withdrawal>("keyed");
    const auto large = [](const withdrawal& w) { return w.amount >= 5; };
    app.agent("flag", withdrawals | weir::filter(large) | weir::to("flagged"));
    app.agent("pairs", withdrawals | weir::take(2) | weir::to("pairs"));
    app.agent("accounts", keyed | weir::group_by(&withdrawal::account) | weir::to("sorted"));
    return app.main(argc, argv);
}
