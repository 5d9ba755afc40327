// SPDX-License-Identifier: Apache-2.0
// Reading tables from other threads.
#include "counting.hpp"

#include <thread>

#include <weir/ask.hpp>

TEST_CASE("app.ask reads a table on the loop's thread") {
    counting c;
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.send(c.in, "x", 1);
    std::future<std::int64_t> n;
    std::thread{[&] { n = c.app.ask([&] { return c.seen.get("x"); }); }}.join();
    test.run();
    CHECK(n.get() == 2);
    auto failed = c.app.ask([]() -> int { throw std::runtime_error{"no"}; });
    auto nothing_back = c.app.ask([] {});
    test.run();
    CHECK_THROWS_WITH(failed.get(), "no");
    CHECK_NOTHROW(nothing_back.get());
}
