// SPDX-License-Identifier: Apache-2.0
// A test of a pipeline, as README.md shows it.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <functional>
#include <optional>
#include <string>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

namespace {

struct withdrawal {
    std::string account;
    double amount;
};
bool big(const withdrawal& w) { return w.amount > 1000; }

// [test]
TEST_CASE("large withdrawals are flagged") {
    weir::app app{"bank"};
    auto in = app.topic<std::string, withdrawal>("withdrawals", {.partitions = 2});
    auto out = app.topic<std::string, withdrawal>("flagged");
    app.agent("flag", in
        | weir::filter(big)
        | weir::take(2, 10s)
        | weir::flat_map(std::identity{})
        | weir::to(out));

    weir::testing::test_driver test{app};     // a virtual clock: nothing sleeps
    test.send(in, "k1", {"alice", 5000});     // appends, then runs until idle; k1 is in partition 1
    CHECK(test.values(out).empty());          // take waits for a second one
    CHECK(test.held(in, 1) == 1);             // and keeps the first one's message open meanwhile
    test.advance(10s);
    CHECK(test.values(out).size() == 1);      // a short batch, when its time has passed
    CHECK(test.held(in, 1) == 0);
    test.commit();                            // a tick of the committer; the clock stands
    CHECK(test.committed(in, 1) == std::optional<weir::offset>{1});
}
// [/test]

}  // namespace
