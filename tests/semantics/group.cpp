// SPDX-License-Identifier: Apache-2.0
// Several apps of one group: partitions go from one to the next, with what was finished.
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

/// A member of the group "shared", which notes what it gets.
struct member {
    silent quiet{};
    weir::app app;
    weir::topic<int> in = app.topic<int>("in", {.partitions = 2});
    trace seen{};
    explicit member(const std::string& broker)
        : app("shared", {.broker = broker, .hooks = &quiet}) {
        app.agent("a", in | weir::for_each([this](int n) { seen.push_back(n); }));
    }
};

}  // namespace

TEST_CASE("two apps of one group on one memory://NAME broker share its partitions") {
    member a{"memory://group-two"}, b{"memory://group-two"};
    test_driver test{a.app, b.app};
    for (int n = 0; n < 6; ++n) test.send(a.in, "k", n, {.partition = n % 2});
    CHECK(a.seen == trace{0, 2, 4});
    CHECK(b.seen == trace{1, 3, 5});
    test.commit();
    CHECK(test.commits(a.in, 0) == offsets{3});
    CHECK(test.commits(b.in, 1) == offsets{3});
}

TEST_CASE("one that joins late gets its share behind what was finished, one that stops gives it "
          "back") {
    member a{"memory://group-late"}, b{"memory://group-late"};
    test_driver test{a.app};
    for (int n = 0; n < 4; ++n) test.send(a.in, "k", n, {.partition = n % 2});
    CHECK(a.seen == trace{0, 1, 2, 3});
    CHECK(test.committed(a.in, 1) == nothing);
    test.add(b.app);
    CHECK(test.commits(a.in, 1) == offsets{2});  // committed before it was given up
    for (int n = 4; n < 8; ++n) test.send(a.in, "k", n, {.partition = n % 2});
    CHECK(a.seen == trace{0, 1, 2, 3, 4, 6});
    CHECK(b.seen == trace{5, 7});
    test.stop(b.app);
    for (int n = 8; n < 10; ++n) test.send(a.in, "k", n, {.partition = n % 2});
    CHECK(a.seen == trace{0, 1, 2, 3, 4, 6, 8, 9});
    CHECK(b.seen == trace{5, 7});
    test.commit();
    CHECK(test.commits(a.in, 0) == offsets{2, 5});
    CHECK(test.commits(a.in, 1) == offsets{2, 4, 5});
}

TEST_CASE("one that is killed has committed nothing more: the other gets it all again") {
    member a{"memory://group-kill"}, b{"memory://group-kill"};
    test_driver test{a.app, b.app};
    test.send(a.in, "k", 1, {.partition = 1});
    test.commit();
    test.send(a.in, "k", 3, {.partition = 1});
    test.send(a.in, "k", 5, {.partition = 1});
    CHECK(b.seen == trace{1, 3, 5});
    test.kill(b.app);
    CHECK(!test.running(b.app));
    CHECK(test.exit_code(b.app) == 0);
    CHECK(a.seen == trace{3, 5});
    test.commit();
    CHECK(test.commits(a.in, 1) == offsets{1, 3});
    test.restart(b.app);
    test.send(a.in, "k", 7, {.partition = 1});
    CHECK(std::pair{a.seen, b.seen} == std::pair{trace{3, 5}, trace{1, 3, 5, 7}});
}

TEST_CASE("one revocation in the middle of a batch: some messages in take, some in flight, one "
          "under retry") {
    silent quiet;
    weir::app app{"shared",
                  {.broker = "memory://group-middle", .commit_interval = 1h, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace called, tried, results;
    batches taken;
    bool works = false;
    app.agent("take", in | weir::filter([](int n) { return n >= 3; }) | weir::take(9) |
                          weir::for_each([&](const auto& b) { taken.push_back(b.values()); }));
    app.agent("call", in |
                          weir::map(
                              [&](int n) -> weir::task<int> {
                                  called.push_back(n);
                                  co_await weir::sleep((n + 1) * 1s);
                                  co_return n;
                              },
                              {.concurrency = 5}) |
                          weir::for_each([&](int n) { results.push_back(n); }));
    app.agent("retry", in | weir::for_each([&](int n) {
                           tried.push_back(n);
                           if (n == 4 && !works) throw std::runtime_error{"not yet"};
                       }),
              {.on_error = weir::retry(9, 3s)});
    test_driver test{app};
    for (int n = 0; n < 8; ++n) test.append(in, "k", n);
    test.run();
    CHECK(called == trace{0, 1, 2, 3, 4});
    CHECK(tried == trace{0, 1, 2, 3, 4});
    test.revoke(in, 0);
    CHECK(test.commits(in, 0).empty());  // still ours: calls and a retry are awaited
    works = true;
    test.advance(3s);
    CHECK(tried == trace{0, 1, 2, 3, 4, 4});  // and nothing behind it
    CHECK(test.commits(in, 0).empty());
    test.advance(2s);
    CHECK(results == trace{0, 1, 2, 3, 4});
    CHECK(called == trace{0, 1, 2, 3, 4});
    CHECK(taken.empty());
    CHECK(test.commits(in, 0) == offsets{3});  // the oldest that was only buffered

    test.stop();
    weir::app next{"shared", {.broker = "memory://group-middle"}};
    auto again = next.topic<int>("in");
    trace seen;
    next.agent("a", again | weir::for_each([&](int n) { seen.push_back(n); }));
    test.assign(in, 0);
    test.add(next);
    CHECK(seen == trace{3, 4, 5, 6, 7});
    CHECK(taken.empty());
}
