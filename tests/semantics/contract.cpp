// SPDX-License-Identifier: Apache-2.0
// What a segment, a stage and a sink promise each other: order, retry, room, the end of a run.
#include <map>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

TEST_CASE("semantics 47: an asynchronous stage keeps the order of its input") {
    weir::app app{"contract"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    trace called;
    app.agent("a", in |
                       weir::map(
                           [&](int n) -> weir::task<int> {
                               called.push_back(n);
                               co_await weir::sleep((10 - n) * 1s);
                               co_return n;
                           },
                           {.concurrency = 3}) |
                       weir::to(out));
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    CHECK(called == trace{0, 1, 2});
    test.advance(9s);
    CHECK(test.values(out).empty());
    CHECK(test.committed(in, 0) == nothing);
    test.advance(1s);
    CHECK(test.values(out) == trace{0, 1, 2});
    CHECK(called == trace{0, 1, 2, 3, 4});
    test.advance(7s);
    test.commit();
    CHECK(test.values(out) == trace{0, 1, 2, 3, 4});
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("a failing asynchronous call is made again by its policy, its results wait for it") {
    silent quiet;
    weir::app app{"contract", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    trace called;
    app.agent("a",
              in |
                  weir::map(
                      [&](int n) -> weir::task<int> {
                          called.push_back(n);
                          co_await weir::sleep(1s);
                          if (n == 0 && called.size() < 4) throw std::runtime_error{"not yet"};
                          co_return n;
                      },
                      {.concurrency = 2}) |
                  weir::to(out),
              {.on_error = weir::retry(2, 5s)});
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    test.advance(1s);
    CHECK(called == trace{0, 1});
    test.advance(5s);
    CHECK(called == trace{0, 1, 0});
    test.advance(6s);
    CHECK(called == trace{0, 1, 0, 0});
    CHECK(test.values(out).empty());
    test.advance(1s);
    CHECK(test.values(out) == trace{0, 1});
    CHECK(test.errors().empty());
}

TEST_CASE("an asynchronous call that fails for good is skipped in its place, and counted") {
    silent quiet;
    weir::app app{"contract", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a",
              in |
                  weir::map(
                      [](int n) -> weir::task<int> {
                          co_await weir::sleep(1s);
                          if (n == 1) throw std::runtime_error{"one"};
                          co_return n;
                      },
                      {.concurrency = 3}) |
                  weir::for_each([&](int n) { seen.push_back(n); }),
              {.on_error = weir::retry(1, 1s).then(weir::skip)});
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    test.advance(10s);
    CHECK(seen == trace{0, 2});
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].offset == 1);
    CHECK(test.errors()[0].text == "one");
    CHECK(test.held(in, 0) == 0);
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("a message under retry whose sink is full waits for room, and the loop for what "
          "makes it") {
    silent quiet;
    weir::app app{"contract", {.hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    std::vector<std::pair<int, weir::duration>> called;
    std::optional<test_driver> test;
    weir::timestamp start{};
    app.agent("a", in | weir::tap([&, failed = false](int n) mutable {
                       if (n == 1 && !std::exchange(failed, true))
                           throw std::runtime_error{"not now"};
                   }) | weir::map([&](int n) -> weir::task<int> {
                       called.emplace_back(n, test->now() - start);
                       co_await weir::sleep(10s);
                       co_return n;
                   }) | weir::for_each([](int) {}),
              {.on_error = weir::retry(1, 1s)});
    test.emplace(app);
    start = test->now();
    test->send(in, "k", 1, {.partition = 0});
    test->send(in, "k", 2, {.partition = 1});  // in the stage now, alone
    test->advance(30s);
    using when = std::vector<std::pair<int, weir::duration>>;
    CHECK(called == when{{2, 0s}, {1, 10s}});
}

TEST_CASE("semantics 5: a message that throws has sent nothing; it is retried from its segment's "
          "entry, and the other partition goes on") {
    silent quiet;
    weir::app app{"contract", {.hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    auto out = app.topic<int>("out");
    int failures = 2;
    const auto twice = [](int n) { return trace{n, n}; };
    int copies = 0;
    app.agent("a", in | weir::flat_map(twice) | weir::tap([&](int n) {
                       if (n == 1 && ++copies % 2 == 0 && failures-- > 0)
                           throw std::runtime_error{"at the second copy"};
                   }) | weir::to(out),
              {.on_error = weir::retry(2, 10s)});
    test_driver test{app};
    for (int n = 0; n < 3; ++n) {
        test.append(in, "k", n, {.partition = 0});
        test.append(in, "k", 10 + n, {.partition = 1});
    }
    test.run();
    CHECK(test.values(out) == trace{10, 10, 11, 11, 12, 12, 0, 0});
    test.advance(10s);
    CHECK(test.values(out).size() == 8);
    CHECK(test.committed(in, 0) == 1);
    CHECK(test.committed(in, 1) == 3);
    test.advance(10s);
    CHECK(test.values(out) == trace{10, 10, 11, 11, 12, 12, 0, 0, 1, 1, 2, 2});
    CHECK(test.errors().empty());
}

TEST_CASE("a message has all of its attempts, though one before it has needed some") {
    silent quiet;
    weir::app app{"contract", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace calls;
    const auto body = [&](int n) {
        calls.push_back(n);
        if (n == 1 || calls.size() == 1) throw std::runtime_error{"not now"};
    };
    app.agent("a", in | weir::for_each(body), {.on_error = weir::retry(1, 1s).then(weir::skip)});
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    CHECK(calls == trace{0});
    test.advance(1s);
    CHECK(calls == trace{0, 0, 1});
    test.advance(1s);
    CHECK(calls == trace{0, 0, 1, 1});
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a full sink: the message is parked, nothing is lost, other topics go on") {
    // A slow group of `out` keeps its messages: beyond the retention there is no room.
    weir::app app{"contract", {.broker = "memory://contract-full"}};
    const auto broker = weir::transport::memory_broker::named("contract-full");
    auto in = app.topic<int>("in");
    auto other = app.topic<int>("other");
    auto out = app.topic<std::string>("out");
    trace seen;
    app.agent("grow",
              in | weir::map([](int) { return std::string(1'000'000, 'x'); }) | weir::to(out));
    app.agent("other", other | weir::for_each([&](int n) { seen.push_back(n); }));
    weir::app slow{"slow", {.broker = "memory://contract-full"}};
    auto kept = slow.topic<std::string>("out");
    std::vector<weir::hold> holds;
    std::size_t read = 0;
    slow.agent("keep",
               kept | weir::take(1) | weir::for_each([&](const weir::batch<std::string>& b) {
                   ++read;
                   holds.push_back(b.hold());
               }));
    test_driver test{app, slow};
    constexpr std::size_t all = 100;  // of 1 MB, where 64 MiB are kept
    for (std::size_t n = 0; n < all; ++n) test.send(in, "k", 0);
    test.send(other, "k", 1);
    CHECK(seen == trace{1});
    CHECK(read > 60);
    CHECK(read < 70);
    CHECK(test.running());
    test.commit();
    CHECK(test.committed(in, 0) == static_cast<offset>(read));
    while (read < all) {  // room comes
        const auto before = read;
        holds.clear();
        test.commit();
        REQUIRE(read > before);
    }
    test.commit();
    CHECK(read == all);
    CHECK(test.committed(in, 0) == all);
    CHECK(test.errors().empty());
}

TEST_CASE("one pull loop that breaks off: what it did not take is delivered by the next one") {
    weir::app app{"contract"};
    auto in = app.topic<int>("in");
    trace seen;
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    trace reached;
    const auto s = app.stream(in) | weir::tap([&](int n) { reached.push_back(n); });
    for (int n : s) {
        seen.push_back(n);
        if (n == 2) break;
    }
    test.commit();
    CHECK(reached == trace{0, 1, 2});  // nobody asks for more
    CHECK(test.committed(in, 0) == 3);
    for (int n : s) seen.push_back(n);
    CHECK(seen == trace{0, 1, 2, 3, 4});
    test.commit();
    CHECK(test.commits(in, 0) == offsets{3, 5});
}
