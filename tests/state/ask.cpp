// SPDX-License-Identifier: Apache-2.0
// Reading tables from other threads.
#include "counting.hpp"

#include <thread>

#include <weir/ask.hpp>

TEST_CASE("semantics 67: app.ask reads a table on the loop's thread") {
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

namespace {

/// Asks when a shard begins to be restored, before it is.
struct asking : weir::hooks {
    void log(std::string_view) override {}
    void restoring(const string&, weir::partition_id, offset, offset) override {
        answer = app->ask([] { return 1; });
    }
    weir::app* app = nullptr;
    std::future<int> answer{};
};

}  // namespace

TEST_CASE("semantics 67: while a table is restored app.ask's future throws a sentence") {
    counting one{1, {.broker = "memory://ask"}};
    test_driver test{one.app};
    for (int i = 0; i < 9000; ++i) test.append(one.in, "k" + std::to_string(i), 1);
    test.run();
    test.stop(one.app);
    asking ears;
    weir::app two{"a", {.broker = "memory://ask", .hooks = &ears}};
    ears.app = &two;
    two.agent("c",
              two.topic<string, int>("in") | weir::count(two.table<string, std::int64_t>("seen")));
    test.add(two);
    test.run();
    CHECK_THROWS_AS(ears.answer.get(), weir::error);
    auto later = two.ask([] { return 2; });
    test.run();
    CHECK(later.get() == 2);
}
