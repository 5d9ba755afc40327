// SPDX-License-Identifier: Apache-2.0
// A partition is given up: what was finished is committed first, what was not is the next owner's.
#include <algorithm>
#include <functional>
#include <stdexcept>
#include <string>

#include "driven.hpp"

TEST_CASE("semantics 23: closed but uncommitted offsets are committed before a partition is "
          "given up") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n);
    CHECK(test.committed(in, 0) == nothing);
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == 3);
    test.send(in, "k", 3);
    CHECK(seen == trace{0, 1, 2});
    test.assign(in, 0);
    CHECK(seen == trace{0, 1, 2, 3});
    test.advance(3s);
    CHECK(test.commits(in, 0) == std::vector<offset>{3, 4});
}

TEST_CASE("semantics 24: on revoke, queued messages are dropped, what is under retry is awaited, "
          "then treated as unacknowledged") {
    silent quiet;
    weir::app app{"revoke", {.commit_interval = 1h, .drain_timeout = 10s, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n == 1) throw std::runtime_error{"not now"};
                   }),
              {.on_error = weir::retry(3, 4s)});
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == trace{0, 1});
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == nothing);  // it is still ours
    test.advance(4s);
    test.advance(4s);
    CHECK(seen == trace{0, 1, 1, 1});
    CHECK(test.committed(in, 0) == 1);  // the next attempt would be too late
    test.advance(1h);
    CHECK(seen == trace{0, 1, 1, 1});
    CHECK(test.running());
    CHECK(test.errors().empty());
}

namespace {

/// Each adds an agent whose message fails, and is tried again in an hour.
using add_failing = void (*)(weir::app&, const weir::topic<int>&);
constexpr auto in_an_hour = [] { return weir::agent_options{.on_error = weir::retry(3, 1h)}; };
constexpr auto fails = [](const auto&) { throw std::runtime_error{"not now"}; };
weir::task<int> fails_late(int) {
    co_await weir::sleep(1s);
    throw std::runtime_error{"not now"};
}
const std::vector<add_failing> failing{
    [](weir::app& app, auto& in) { app.agent("a", in | weir::for_each(fails), in_an_hour()); },
    [](weir::app& app, auto& in) {
        app.agent("a", in | weir::take(1) | weir::for_each(fails), in_an_hour());
    },
    [](weir::app& app, auto& in) {
        app.agent("a", in | weir::map([](int n) { return fails_late(n); }), in_an_hour());
    },
    [](weir::app& app, auto& in) {
        const auto call = [](int n) { return fails_late(n); };
        app.agent("a", in | weir::map(call, {.concurrency = 2, .order = weir::order_by::key}),
                  in_an_hour());
    },
    [](weir::app& app, auto& in) {
        app.agent("a", in | weir::map([](int n) -> weir::task<int> {
                           co_return n;
                       }) | weir::for_each(fails),
                  in_an_hour());
    },
    [](weir::app& app, auto& in) {
        const auto key = [](int n) { return fails_late(n); };
        app.agent("a", in | weir::group_by(key, {.name = "by"}) | weir::for_each([](int) {}),
                  in_an_hour());
    },
    [](weir::app& app, auto& in) {
        app.agent("a", in | weir::process([](int n) { return fails_late(n); }), in_an_hour());
    },
    [](weir::app& app, auto& in) {
        app.agent("a", in | weir::events() | weir::for_each(fails), in_an_hour());
    },
    [](weir::app& app, auto& in) {
        app.agent("a",
                  in | weir::to(app.topic<int>("out", {.on_produce_error = weir::retry(3, 1h)})));
    },
};

}  // namespace

TEST_CASE("semantics 24: a retry that is due only behind drain_timeout is not waited for") {
    for (auto& add : failing) {
        CAPTURE(&add - failing.data());
        silent quiet;
        weir::app app{"revoke", {.commit_interval = 1h, .drain_timeout = 10s, .hooks = &quiet}};
        auto in = app.topic<int>("in");
        trace others;
        add(app, in);
        app.agent("b", in | weir::for_each([&](int n) { others.push_back(n); }));
        test_driver test{app};
        test.fail_next_send("out", 100);
        test.send(in, "k", 0);
        test.send(in, "k", 1);
        test.advance(2s);
        test.revoke(in, 0);
        test.assign(in, 0);
        const auto again = std::count(others.begin(), others.end(), 0);
        CHECK(again == 2);  // it was given up at once, and comes again
        CHECK(test.committed(in, 0) == nothing);
    }
}

TEST_CASE("semantics 28: stop does not wait for a retry that is due only behind shutdown_timeout") {
    for (auto& add : failing) {
        CAPTURE(&add - failing.data());
        silent quiet;
        weir::app app{"revoke", {.shutdown_timeout = 10s, .hooks = &quiet}};
        auto in = app.topic<int>("in");
        add(app, in);
        test_driver test{app};
        test.fail_next_send("out", 100);
        test.send(in, "k", 0);
        test.send(in, "k", 1);
        test.advance(2s);
        const auto before = test.now();
        test.stop();
        CHECK(test.now() == before);
        CHECK(test.committed(in, 0) == nothing);
    }
}

TEST_CASE("semantics 24: a decode that is tried again only behind the limit is given up at once") {
    silent quiet;
    weir::app app{
        "revoke",
        {.commit_interval = 1h, .drain_timeout = 10s, .shutdown_timeout = 10s, .hooks = &quiet}};
    auto in = app.topic<int>("in", {.on_decode_error = weir::retry(3, 1h)});
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.send_raw(in, "k", "no");
    test.send(in, "k", 2);
    test.advance(2s);
    test.revoke(in, 0);
    CHECK(app.partitions().empty());
    CHECK(test.committed(in, 0) == 1);
    test.assign(in, 0);
    test.advance(2s);
    const auto before = test.now();
    test.stop();
    CHECK(test.now() == before);
    CHECK(seen == trace{0});
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("semantics 28: stop does not wait for a task that is tried again") {
    silent quiet;
    weir::app app{"revoke", {.shutdown_timeout = 10s, .hooks = &quiet}};
    int tried = 0;
    for (const weir::duration pause :
         {weir::duration{1h}, weir::duration{5s}})  // behind the limit, and before it
        app.task(
            [&]() -> weir::task<> {
                ++tried;
                co_await weir::sleep(1ms);
                throw std::runtime_error{"not now"};
            },
            {.on_error = weir::retry(3, pause)});
    test_driver test{app};
    test.advance(1s);
    CHECK(tried == 2);
    const auto before = test.now();
    test.stop();
    CHECK(test.now() == before);
    CHECK(tried == 2);
}

TEST_CASE("semantics 24: what is under retry and succeeds within drain_timeout is committed, "
          "nothing behind it is begun") {
    silent quiet;
    weir::app app{"revoke", {.commit_interval = 1h, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    bool ready = false;
    app.agent("a", in | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n == 1 && !ready) throw std::runtime_error{"not now"};
                   }),
              {.on_error = weir::retry(3, 4s)});
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    test.revoke(in, 0);
    ready = true;
    test.advance(4s);
    CHECK(seen == trace{0, 1, 1});
    CHECK(test.commits(in, 0) == std::vector<offset>{2});
    test.assign(in, 0);
    CHECK(seen == trace{0, 1, 1, 2, 3});
}

TEST_CASE("semantics 24: a lost assignment is neither drained nor committed") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.lose(in, 0);
    CHECK(app.partitions().empty());
    test.advance(10s);
    CHECK(test.committed(in, 0) == nothing);
    CHECK(app.counters().failed_commits == 0);  // nor was it tried
    test.assign(in, 0);
    CHECK(seen == trace{0, 0});
    test.advance(3s);
    CHECK(test.commits(in, 0) == std::vector<offset>{1});
}

TEST_CASE("semantics 24: what is in work of a lost assignment is not awaited, its results go "
          "nowhere") {
    silent quiet;
    weir::app app{"revoke", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace called, tried, seen;
    app.agent("calls", in | weir::map([&](int n) -> weir::task<int> {
                           called.push_back(n);
                           co_await weir::sleep(5s);
                           co_return n;
                       }) | weir::for_each([&](int n) { seen.push_back(n); }));
    app.agent("retries", in | weir::for_each([&](int n) {
                             tried.push_back(n);
                             if (tried.size() < 3) throw std::runtime_error{"not now"};
                         }),
              {.on_error = weir::retry(9, 4s)});
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.lose(in, 0);
    CHECK(app.partitions().empty());  // gone at once
    test.advance(1h);
    CHECK(called == trace{1});
    CHECK(tried == trace{1});
    CHECK(seen.empty());
    CHECK(test.errors().empty());
    CHECK(app.counters().commits + app.counters().failed_commits == 0);
    test.assign(in, 0);
    test.advance(1h);
    CHECK(tried == trace{1, 1, 1, 2});
    CHECK(seen == trace{1, 2});
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 24: an asynchronous call is awaited before its partition is given up") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    trace called, seen;
    app.agent("a", in | weir::map([&](int n) -> weir::task<int> {
                       called.push_back(n);
                       co_await weir::sleep(5s);
                       co_return n * 10;
                   }) | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    CHECK(seen == trace{10});
    CHECK(test.commits(in, 0) == std::vector<offset>{1});
    CHECK(called == trace{1});
}

TEST_CASE("semantics 24: after drain_timeout the result of an asynchronous call is dropped") {
    weir::app app{"revoke", {.drain_timeout = 10s}};
    auto in = app.topic<int>("in");
    trace called, seen;
    app.agent("a", in |
                       weir::map(
                           [&](int n) -> weir::task<int> {
                               called.push_back(n);
                               co_await weir::sleep(60s);
                               co_return n * 10;
                           },
                           {.concurrency = 4}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.revoke(in, 0);
    test.advance(10s);
    CHECK(test.committed(in, 0) == nothing);
    test.assign(in, 0);
    CHECK(called == trace{1, 2, 1, 2});
    test.advance(50s);
    CHECK(seen.empty());
    test.advance(10s);
    CHECK(seen == trace{10, 20});
    test.commit();
    CHECK(test.commits(in, 0) == std::vector<offset>{2});
}

TEST_CASE("semantics 25: an asynchronous call under retry is not made again for an older "
          "assignment") {
    silent quiet;
    weir::app app{"revoke", {.drain_timeout = 10s, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace called;
    app.agent("a", in | weir::map([&](int n) -> weir::task<int> {
                       called.push_back(n);
                       throw std::runtime_error{"down"};
                       co_return n;
                   }) | weir::for_each([](int) {}),
              {.on_error = weir::retry(5, 1h)});
    test_driver test{app};
    test.send(in, "k", 1);
    test.revoke(in, 0);
    test.advance(10s);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(2h);
    CHECK(called == trace{1});
    CHECK(test.errors().empty());
    test.assign(in, 0);
    CHECK(called == trace{1, 1});
}

TEST_CASE("semantics 25: a batch under retry is not delivered again once all its partitions are "
          "given up") {
    silent quiet;
    weir::app app{"revoke", {.drain_timeout = 10s, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    int bodies = 0;
    app.agent("a", in | weir::take(2) | weir::for_each([&](const weir::batch<int>&) {
                       ++bodies;
                       throw std::runtime_error{"down"};
                   }),
              {.on_error = weir::retry(5, 1h)});
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.revoke(in, 0);
    test.advance(10s);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(2h);
    CHECK(bodies == 1);
    test.assign(in, 0);
    CHECK(bodies == 2);
}

TEST_CASE("semantics 25: a batch of several partitions stays whole while one of them is ours, and "
          "goes with the last") {
    silent quiet;
    weir::app app{"revoke", {.hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches seen;
    app.agent("a", in | weir::take(2) | weir::for_each([&](const weir::batch<int>& b) {
                       seen.push_back(b.values());
                       throw std::runtime_error{"down"};
                   }),
              {.on_error = weir::retry(5, 1h)});
    test_driver test{app};
    test.send(in, "k", 1, {.partition = 0});
    test.send(in, "k", 2, {.partition = 1});
    REQUIRE(seen == batches{{1, 2}});
    test.lose(in, 0);
    test.advance(1h);
    CHECK(seen == batches{{1, 2}, {1, 2}});
    test.lose(in, 1);
    test.advance(2h);
    CHECK(seen.size() == 2);
    test.assign(in, 0);
    test.assign(in, 1);
    CHECK(seen.size() == 3);
}

TEST_CASE("semantics 25: a batch that a coroutine was in when its partition was lost is not tried "
          "again, and no policy is asked") {
    silent quiet;
    weir::app app{"revoke", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    int given = 0;
    app.agent("a", in | weir::take(2) | weir::tap([&](const weir::batch<int>&) {
                       ++given;
                   }) | weir::flat_map(std::identity{}),
              [](auto stream) -> weir::task<> {
                  while (co_await stream.next()) {
                      co_await weir::sleep(1s);
                      throw std::runtime_error{"down"};
                  }
              },
              {.on_error = weir::retry(3, 1s)});
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.lose(in, 0);
    test.advance(1min);
    CHECK(given == 1);
    CHECK(test.errors().empty());
    CHECK(test.running());
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("semantics 26: on revoke the revoked partition's events leave the buffer "
          "unacknowledged and the rest stays") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches seen;
    app.agent("a", in | weir::take(4, 60s) | weir::for_each([&](const weir::batch<int>& b) {
                       seen.push_back(b.values());
                   }));
    test_driver test{app};
    test.send(in, "k", 0, {.partition = 0});
    test.send(in, "k", 10, {.partition = 1});
    test.send(in, "k", 1, {.partition = 0});
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == nothing);
    CHECK(seen.empty());
    test.advance(60s);
    CHECK(seen == batches{{10}});
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    CHECK(test.committed(in, 1) == 1);
    test.assign(in, 0);
    test.advance(60s);
    CHECK(seen == batches{{10}, {0, 1}});
}

TEST_CASE("semantics 26: what take lets go on revoke stays unacknowledged, whoever else holds it") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> kept;
    trace seen;
    app.agent("a", in | weir::events() |
                       weir::tap([&](auto& event) { kept.push_back(event.hold()); }) |
                       weir::map([](auto& event) { return event.value(); }) | weir::take(2) |
                       weir::flat_map(std::identity{}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.revoke(in, 0);  // waits for the hold
    kept.clear();
    test.run();
    CHECK(test.committed(in, 0) == nothing);
    test.assign(in, 0);
    test.send(in, "k", 1);
    CHECK(seen == trace{0, 1});
    kept.clear();
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 26: what take lets go on revoke stays unacknowledged, also while a send of "
          "the batch it was in is retried") {
    silent quiet;
    weir::app app{"revoke", {.on_produce_error = weir::retry(1, 1s), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::take(1) | weir::flat_map(std::identity{}) | weir::echo("copy") |
                       weir::take(2) | weir::flat_map(std::identity{}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.fail_next_send("copy");
    test.send(in, "k", 0);
    test.revoke(in, 0);  // waits for the send
    test.advance(1s);
    CHECK(test.committed(in, 0) == nothing);
    test.assign(in, 0);
    test.send(in, "k", 1);
    CHECK(seen == trace{0, 1});
}

TEST_CASE("semantics 26: what reaches take while its partition is being given up leaves, too, and "
          "nobody waits for it") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in", {.partitions = 2});
    batches seen;
    app.agent("a",
              in | weir::map([](int n) -> weir::task<int> {
                  co_await weir::sleep(1s);
                  co_return n;
              }) | weir::take(2) |
                  weir::for_each([&](const weir::batch<int>& b) { seen.push_back(b.values()); }));
    test_driver test{app};
    test.send(in, "k", 0, {.partition = 0});
    test.advance(1s);
    test.send(in, "k", 1, {.partition = 0});
    test.revoke(in, 0);  // 0 leaves; the call for 1 is awaited
    test.advance(1s);
    CHECK(app.partitions().size() == 1);
    test.send(in, "k", 10, {.partition = 1});
    test.advance(1s);
    CHECK(seen.empty());
    CHECK(test.committed(in, 0) == nothing);
    test.assign(in, 0);
    test.advance(5s);
    CHECK(seen == batches{{10, 0}});
    test.send(in, "k", 2, {.partition = 0});
    test.advance(1s);
    CHECK(seen == batches{{10, 0}, {1, 2}});
    test.commit();
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 25: what waits behind a parked message leaves with its assignment") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    trace called, seen;
    app.agent("a", in | weir::map([](int n) -> weir::task<int> {
                       co_return n;
                   }) | weir::map([&](int n) -> weir::task<int> {
                       called.push_back(n);
                       co_await weir::sleep(1s);
                       co_return n;
                   }) | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    test.lose(in, 0);
    test.advance(5s);
    CHECK(called == trace{0});
    CHECK(seen.empty());
    test.assign(in, 0);
    test.advance(5s);
    CHECK(seen == trace{0, 1, 2});
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 24: a pull loop gets nothing more of a revoked partition") {
    weir::app app{"revoke"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    const auto s = app.stream(in);
    trace seen;
    for (int n : s) {
        seen.push_back(n);
        if (n == 1) {
            test.revoke(in, 0);
            CHECK(test.committed(in, 0) == nothing);  // the current one is awaited
        }
    }
    CHECK(seen == trace{0, 1});
    CHECK(test.committed(in, 0) == 2);
    test.assign(in, 0);
    for (int n : s) seen.push_back(n);
    CHECK(seen == trace{0, 1, 2, 3});
}

TEST_CASE("semantics 24: a partition that is done with is given up at once, however busy the "
          "others are") {
    struct hooks final : weir::hooks {
        int seen = 0, when = -1;
        void revoked(const weir::topic_partition&, bool) override { when = seen; }
    } told;
    weir::app app{"revoke", {.stream_buffer_max = 1, .hooks = &told}};
    auto in = app.topic<int>("in", {.partitions = 2});
    app.agent("a", in | weir::for_each([&](int) { ++told.seen; }));
    test_driver test{app};
    test.send(in, "k", 0, {.partition = 0});
    for (int n = 0; n < 1000; ++n) test.append(in, "k", n, {.partition = 1});
    test.revoke(in, 0);
    CHECK(told.seen == 1001);
    CHECK(told.when < 10);
    CHECK(test.committed(in, 0) == 1);
}
