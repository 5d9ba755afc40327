// SPDX-License-Identifier: Apache-2.0
// Tests with faults, as docs/testing.md shows them, and a random one.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <map>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "shop.hpp"

using namespace std::chrono_literals;

namespace {

const auto accept = [](const order&) {};

// [quiet]
struct quiet : weir::hooks {};  // no log on standard error
// [/quiet]

// [errors]
TEST_CASE("an order that the bank declines is a dead letter after a second attempt") {
    quiet hooks;
    weir::app app{"shop", {.hooks = &hooks}};
    shop s{app, [](const order& o) {
        if (o.price > 100) throw std::runtime_error{"declined"};
    }};
    weir::testing::test_driver test{app};

    test.send(s.orders, "ann", {"sofa", 900}, {.partition = 0});
    CHECK(test.errors().empty());  // the second attempt waits
    test.advance(1s);
    const auto errors = test.errors();
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].seam == "process");
    CHECK(errors[0].agent == "charge");
    CHECK(errors[0].topic == "orders");
    CHECK(errors[0].partition == 0);
    CHECK(errors[0].offset == 0);
    CHECK(errors[0].text == "declined");

    auto not_charged = test.peek<std::string, order>("not-charged");
    CHECK(test.values(not_charged).size() == 1);
    CHECK(test.entries(s.spent).empty());
    CHECK(test.running());
}
// [/errors]

// [stop]
TEST_CASE("bytes that are no order stop the shop, and stay uncommitted") {
    quiet hooks;
    weir::app app{"shop", {.hooks = &hooks}};
    shop s{app, accept};
    weir::testing::test_driver test{app};

    test.send_raw(s.orders, "ann", "no JSON", {.partition = 0});
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.errors()[0].seam == "decode");
    CHECK(test.committed(s.orders, 0) == std::nullopt);
}
// [/stop]

TEST_CASE("sends and commits fail") {
    quiet hooks;
    weir::app app{"shop", {.on_produce_error = weir::retry(1, 1s), .hooks = &hooks}};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    // [sends]
    test.fail_next_send(s.sums);                       // the next one, for good
    test.send(s.orders, "ann", {"lamp", 40}, {.partition = 0});
    CHECK(test.held(s.orders, 0) == 1);                // until its result is there
    test.advance(1s);                                  // on_produce_error is retry(1, 1s)
    CHECK(test.values(s.sums) == std::vector<int>{40});

    test.fail_next_commit();
    test.commit();
    CHECK(test.committed(s.orders, 0) == std::nullopt);
    test.commit();
    CHECK(test.commits(s.orders, 0) == std::vector<weir::offset>{1});
    // [/sends]
}

// [crash]
TEST_CASE("after a crash each order is in the table once, and sums may come again") {
    weir::app app{"shop"};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    test.send(s.orders, "ann", {"lamp", 40});
    test.commit();
    test.send(s.orders, "ann", {"bulb", 5});  // not committed
    test.kill(app);                           // as kill -9
    test.restart(app);                        // a new run of the same group
    CHECK(test.value(s.spent, "ann") == 45);
    CHECK(test.values(s.sums) == std::vector<int>{40, 45, 45});
}
// [/crash]

TEST_CASE("partitions go and come") {
    weir::app app{"shop"};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    // [partitions]
    test.send(s.orders, "ann", {"lamp", 40}, {.partition = 0});
    test.revoke(s.orders, 0);                             // asks for it: finishes and commits
    CHECK(test.committed(s.orders, 0) == std::optional<weir::offset>{1});
    test.send(s.orders, "ann", {"bulb", 5}, {.partition = 0});
    CHECK(test.values(s.sums).size() == 1);               // nobody has the partition
    test.assign(s.orders, 0);
    CHECK(test.values(s.sums) == std::vector<int>{40, 45});

    test.lose(s.orders, 0);                               // has given it to somebody else
    test.assign(s.orders, 0);
    CHECK(test.values(s.sums) == std::vector<int>{40, 45, 45});  // was not committed
    // [/partitions]
}

// [random]
TEST_CASE("whatever happens, each order is in the table once") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);  // a failed check prints it
        std::mt19937 random{seed};
        const auto below = [&](unsigned n) { return static_cast<int>(random() % n); };
        quiet hooks;
        weir::app app{"shop", {.hooks = &hooks}};
        shop s{app, [](const order& o) {
            if (o.price > 90) throw std::runtime_error{"declined"};
        }};
        std::map<std::string, int> right;  // what the table has in the end
        weir::testing::test_driver test{app};
        for (int step = 0; step < 200; ++step) {
            const auto partition = below(2);
            switch (below(10)) {
                case 0: test.advance(1s * below(5)); break;
                case 1: test.commit(); break;
                case 2: test.fail_next_commit(); break;
                case 3: test.restart(app); break;
                case 4: test.kill(app), test.restart(app); break;
                case 5: test.revoke(s.orders, partition), test.assign(s.orders, partition); break;
                case 6: test.lose(s.orders, partition), test.assign(s.orders, partition); break;
                default:
                    const auto account = "account " + std::to_string(below(5));
                    const order o{"lamp", below(100)};
                    test.append(s.orders, account, o);
                    if (o.price <= 90) right[account] += o.price;
                    if (below(2)) test.run();
            }
        }
        test.advance(1h);  // retries, too
        const auto rows = test.entries(s.spent);
        CHECK(std::map<std::string, int>{rows.begin(), rows.end()} == right);
    }
}
// [/random]

}  // namespace
