// SPDX-License-Identifier: Apache-2.0
// A test with failures: a body that throws, a send that fails, a partition that is lost.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

// [test]
struct quiet : weir::hooks {};  // instead of the log on standard error

TEST_CASE("an order that cannot be charged is a dead letter, the next one is charged") {
    quiet hooks;
    weir::app app{"shop", {.hooks = &hooks}};
    auto orders = app.topic<std::string>("orders", {.partitions = 1});
    auto charged = app.topic<std::string>(
        "charged", {.on_produce_error = weir::retry(1, 1s).then(weir::stop)});
    auto failed = app.topic<std::string>("not-charged");
    const auto charge = [](const std::string& o) {
        if (o == "bad") throw std::runtime_error{"declined"};
        return "charged " + o;
    };
    app.agent("charge", orders | weir::map(charge) | weir::to(charged),
              {.on_error = weir::retry(1, 100ms).then(weir::dead_letter("not-charged"))});

    weir::testing::test_driver test{app};
    test.send(orders, "bad");
    CHECK(test.values(failed).empty());  // its retry waits
    test.advance(100ms);                 // on the virtual clock: nothing sleeps
    CHECK(test.values(failed) == std::vector<std::string>{"bad"});
    CHECK(test.errors().size() == 1);

    test.fail_next_send(charged);        // the broker refuses the next message for good
    test.send(orders, "good");
    CHECK(test.held(orders, 0) == 1);    // so its source stays uncommitted
    test.advance(1s);
    CHECK(test.values(charged) == std::vector<std::string>{"charged good"});

    test.lose(orders, 0);                // the group has given the partition to somebody else
    test.assign(orders, 0);
    test.advance(100ms);                 // nothing was committed: "bad" is tried again, then "good"
    CHECK(test.values(charged).size() == 2);
}
// [/test]
