// SPDX-License-Identifier: Apache-2.0
// Tests of pipelines, as docs/testing.md shows them: what goes in, what comes out, time, tables.
#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

#include "shop.hpp"

using namespace std::chrono_literals;

namespace {

// [first]
const auto accept = [](const order&) {};  // a bank that accepts everything

TEST_CASE("sums grow with each order") {
    weir::app app{"shop"};
    shop s{app, accept};
    weir::testing::test_driver test{app};  // starts the app

    test.send(s.orders, "ann", {"lamp", 40});
    test.send(s.orders, "bob", {"sofa", 90});
    test.send(s.orders, "ann", {"bulb", 5});
    CHECK(test.values(s.sums) == std::vector<int>{40, 90, 45});
    CHECK(test.value(s.spent, "ann") == 45);
}
// [/first]

TEST_CASE("everything of a message can be said and seen") {
    weir::app app{"shop"};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    // [options]
    const weir::timestamp noon{12h};
    test.append(s.orders, "ann", {"lamp", 40}, {.partition = 1, .timestamp = noon});
    test.append(s.orders, "ann", {"bulb", 5}, {.headers = {{"trace", weir::bytes{"7"}}}});
    CHECK(test.values(s.sums).empty());  // nothing has run yet
    test.run();
    // [/options]

    // [events]
    const auto sums = test.events(s.sums);  // copies: keep them in a variable
    CHECK(sums[0].key() == "ann");
    CHECK(sums[0].value() == 40);
    CHECK(sums[0].timestamp() == noon);
    for (auto& h : sums[1].headers()) CHECK(h.name == "trace");
    // [/events]
    CHECK(sums[1].headers().size() == 1);
}

TEST_CASE("what has no handle is peeked at, and bytes are sent as they are") {
    struct : weir::hooks {
    } quiet;
    weir::app app{"shop", {.on_decode_error = weir::dead_letter("undecodable"), .hooks = &quiet}};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    // [peek]
    test.send_raw(s.orders, "ann", "no JSON");
    auto undecodable = test.peek<std::string, weir::bytes>("undecodable");
    CHECK(test.items(undecodable)[0].second.view() == "no JSON");
    // [/peek]
}

// [time]
TEST_CASE("a batch is passed on after ten seconds, and then committed") {
    weir::app app{"batches"};  // its commit_interval is 3 s
    auto in = app.topic<int>("in");
    auto out = app.topic<std::vector<int>>("out");
    app.agent("batches", in | weir::take(100, 10s) | weir::to(out));
    weir::testing::test_driver test{app};
    const auto begin = test.now();

    test.send(in, 1);
    test.send(in, 2);
    test.advance(9999ms);
    CHECK(test.values(out).empty());
    CHECK(test.held(in, 0) == 2);
    test.advance(1ms);
    CHECK(test.values(out) == std::vector<std::vector<int>>{{1, 2}});
    CHECK(test.committed(in, 0) == std::nullopt);  // no tick has come since

    test.commit();                                 // one now; the clock stands still
    CHECK(test.committed(in, 0) == std::optional<weir::offset>{2});
    CHECK(test.now() == begin + 10s);
}
// [/time]

// [window]
TEST_CASE("a window closes by the times of messages") {
    weir::app app{"visits"};
    auto visits = app.topic<std::string, int>("visits");
    app.agent("count", visits
        | weir::window(weir::tumbling(1min), weir::grace(0s))
        | weir::count()
        | weir::to("per-minute"));
    weir::testing::test_driver test{app};
    const auto at = [](std::chrono::seconds after_noon) {
        return weir::testing::send_options{.timestamp = weir::timestamp{12h + after_noon}};
    };

    test.send(visits, "home", 1, at(10s));
    test.send(visits, "home", 1, at(50s));
    test.advance(1h);  // the clock closes nothing: there is no .idle
    using page_in_minute = weir::windowed<std::string>;
    using counts = std::vector<std::pair<page_in_minute, std::int64_t>>;
    auto per_minute = test.peek<page_in_minute, std::int64_t>("per-minute");
    CHECK(test.values(per_minute).empty());
    test.send(visits, "cart", 1, at(60s));
    const page_in_minute minute{"home", weir::timestamp{12h}, weir::timestamp{12h + 1min}};
    CHECK(test.items(per_minute) == counts{{minute, 2}});
}
// [/window]

TEST_CASE("a table can be looked at, and so can its changelog") {
    weir::app app{"shop"};
    shop s{app, accept};
    weir::testing::test_driver test{app};
    // [table]
    using sums = std::vector<std::pair<std::string, int>>;
    test.send(s.orders, "ann", {"lamp", 40});
    CHECK(test.value(s.spent, "ann") == 40);
    CHECK(test.value(s.spent, "bob") == 0);        // .init: it has no value
    CHECK(test.entries(s.spent) == sums{{"ann", 40}});
    CHECK(test.changelog(s.spent).empty());        // it is written by commits
    test.commit();
    CHECK(test.changelog(s.spent) == sums{{"ann", 40}});

    test.restart();                                // restored from the changelog
    CHECK_FALSE(test.restoring(s.spent, 0));
    CHECK(test.entries(s.spent) == sums{{"ann", 40}});
    // [/table]
}

TEST_CASE("an app says what its commits wait for") {
    weir::app app{"batches"};
    auto orders = app.topic<int>("orders");
    std::vector<std::string> log;
    app.agent("batches", orders | weir::take(100));
    // [explain]
    app.timer(1min, [&] {
        const auto b = app.explain(orders, 0);
        if (b && b->offset >= 0) log.push_back(b->agent + ", " + b->op + ": " + b->why);
    });
    // [/explain]
    weir::testing::test_driver test{app};
    test.send(orders, 1);
    test.advance(1min);
    CHECK(log == std::vector<std::string>{"batches, take(100): its batch is not complete"});
}

// [several]
TEST_CASE("two processes of an app share its partitions, and another app reads what they send") {
    weir::app one{"shop", {.broker = "memory://test"}}, two{"shop", {.broker = "memory://test"}};
    shop first{one, accept}, second{two, accept};
    weir::app display{"display", {.broker = "memory://test"}};
    std::vector<int> shown;
    display.agent("show", display.topic<int>("sums")
        | weir::for_each([&](int sum) { shown.push_back(sum); }));

    weir::testing::test_driver test{one, two, display};
    test.send(first.orders, "ann", {"lamp", 40}, {.partition = 0});
    test.send(first.orders, "bob", {"sofa", 90}, {.partition = 1});
    CHECK(shown == std::vector<int>{40, 90});
    CHECK(first.spent.size() == 1);   // each has a part of the table
    CHECK(second.spent.size() == 1);

    test.stop(two);                   // the first gets its partition, and reads the table of it
    CHECK(test.value(first.spent, "ann") == 40);
    CHECK(test.value(first.spent, "bob") == 90);
}
// [/several]

}  // namespace
