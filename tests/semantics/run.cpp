// SPDX-License-Identifier: Apache-2.0
// How a run ends and goes on: stop, errors, commits that fail, holds elsewhere, several apps.
#include <algorithm>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

#include "driven.hpp"

TEST_CASE("semantics 28: stop() from a body ends behind that message, is idempotent and commits "
          "it") {
    weir::app app{"run"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n == 1) {
                           app.stop();
                           app.stop();
                       }
                   }));
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == trace{0, 1});
    CHECK(!test.running());
    CHECK(test.exit_code() == 0);
    CHECK(test.commits(in, 0) == offsets{2});
    app.stop();
    test.stop();
    CHECK(test.commits(in, 0) == offsets{2});
}

TEST_CASE("semantics 28: stop() flushes buffers as last short batches, also those behind another") {
    weir::app app{"run"};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    std::vector<std::size_t> sizes;
    app.agent("a", in | weir::take(3) | weir::flat_map(std::identity{}) | weir::take(2) |
                       weir::tap([&](const auto& b) { sizes.push_back(b.size()); }) |
                       weir::flat_map(std::identity{}) | weir::to(out));
    test_driver test{app};
    for (int n = 0; n < 7; ++n) test.send(in, "k", n);
    CHECK(test.values(out) == trace{0, 1, 2, 3, 4, 5});
    test.stop();
    CHECK(test.values(out) == trace{0, 1, 2, 3, 4, 5, 6});
    CHECK(sizes == std::vector<std::size_t>{2, 2, 2, 1});
    CHECK(test.committed(in, 0) == 7);
}

TEST_CASE("semantics 28: stop() waits for asynchronous calls, and gives up after "
          "shutdown_timeout") {
    weir::app app{"run", {.shutdown_timeout = 30s}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in |
                       weir::map(
                           [](int n) -> weir::task<int> {
                               co_await weir::sleep(n == 0 ? 29s : 31s);
                               co_return n;
                           },
                           {.concurrency = 2}) |
                       weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    const auto before = test.now();
    test.stop();
    CHECK(seen == trace{0});
    CHECK(test.now() - before == 30s);
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("policy stop: the error, exit code 1, nothing behind it is committed") {
    silent quiet;
    weir::app app{"run", {.on_error = weir::stop, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    batches buffered;
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       if (n == 2) throw std::runtime_error{"two"};
                       seen.push_back(n);
                   }));
    app.agent("b", in | weir::take(10) |
                       weir::for_each([&](const auto& b) { buffered.push_back(b.values()); }));
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(seen == trace{0, 1});
    CHECK(buffered.empty());
    CHECK(test.committed(in, 0) == nothing);  // the other agent has not finished any
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].text == "two");
    CHECK(test.errors()[0].offset == 2);
}

TEST_CASE("semantics 19: a commit that fails is retried at the next tick even if nothing new "
          "closed") {
    silent quiet;
    weir::app app{"run", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    test.send(in, "k", 0);
    test.fail_next_commit(2);
    test.advance(3s);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(3s);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(3s);
    CHECK(test.commits(in, 0) == offsets{1});
    test.send(in, "k", 1);
    test.fail_next_commit(1, weir::testing::commit_error::generation);
    test.advance(6s);
    CHECK(test.commits(in, 0) == offsets{1, 2});
}

TEST_CASE("semantics 19: a commit that is rejected for its member or fencing means that the "
          "assignment is lost") {
    using weir::testing::commit_error;
    for (const auto e : {commit_error::member, commit_error::fenced}) {
        silent quiet;
        weir::app app{"run", {.hooks = &quiet}};
        auto in = app.topic<int>("in");
        trace seen;
        app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
        test_driver test{app};
        test.send(in, "k", 0);
        test.fail_next_commit(1, e);
        test.advance(3s);
        CHECK(test.committed(in, 0) == nothing);
        CHECK(app.counters().lost == 1);
        CHECK(app.counters().failed_commits == 1);
        // the app joins again and begins where the group stands
        CHECK(seen == trace{0, 0});
        test.send(in, "k", 1);
        test.advance(3s);
        CHECK(seen == trace{0, 0, 1});
        CHECK(test.commits(in, 0) == offsets{2});
    }
}

TEST_CASE("semantics 19: a member that was fenced loses all its partitions, and shares them "
          "again") {
    silent quiet;
    weir::app app{"run", {.broker = "memory://run-fenced", .hooks = &quiet}};
    weir::app other{"run", {.broker = "memory://run-fenced", .hooks = &quiet}};
    trace seen, others;
    auto in = app.topic<int>("in", {.partitions = 2});
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    other.agent("a", other.topic<int>("in", {.partitions = 2}) |
                         weir::for_each([&](int n) { others.push_back(n); }));
    test_driver test{app, other};
    test.send(in, "k", 0, {.partition = 0});
    test.send(in, "k", 10, {.partition = 1});
    CHECK(std::pair{seen, others} == std::pair{trace{0}, trace{10}});
    test.fail_next_commit(1, weir::testing::commit_error::fenced);
    test.commit();  // the first app's commit
    CHECK(test.committed(in, 1) == 1);
    test.send(in, "k", 1, {.partition = 0});
    test.send(in, "k", 11, {.partition = 1});
    trace all = seen;
    all.insert(all.end(), others.begin(), others.end());
    std::sort(all.begin(), all.end());
    CHECK(all == trace{0, 0, 1, 10, 11});  // what was not committed comes again, the rest once
    test.commit();
    CHECK(test.committed(in, 0) == 2);
    CHECK(test.committed(in, 1) == 2);
    CHECK(app.partitions().size() == 1);
    CHECK(other.partitions().size() == 1);
}

TEST_CASE("semantics 13: a hold released on another thread is posted to the loop") {
    weir::app app{"run"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> holds;
    app.agent("a", in | weir::take(1) |
                       weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.send(in, "k", 1);
    std::thread{[&] { holds.erase(holds.begin()); }}.join();
    CHECK(test.held(in, 0) == 2);
    test.run();
    CHECK(test.held(in, 0) == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("semantics 13: a hold that outlives its app is a no-op") {
    std::vector<weir::hold> holds;
    {
        weir::app app{"run"};
        auto in = app.topic<int>("in");
        app.agent("a", in | weir::take(2) |
                           weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
        test_driver test{app};
        for (int n = 0; n < 4; ++n) test.send(in, "k", n);
        test.restart();
        for (int n = 4; n < 6; ++n) test.send(in, "k", n);
    }
    CHECK(holds.size() == 5);
    holds.front().release();
    std::thread{[&] { holds.clear(); }}.join();
}

TEST_CASE("semantics 25: a hold of an older run is neither acknowledged nor counted") {
    weir::app app{"run"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> holds;
    app.agent("a", in | weir::take(1) |
                       weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    test.send(in, "k", 0);
    test.send(in, "k", 1);
    test.restart();
    REQUIRE(holds.size() == 4);
    holds.erase(holds.begin(), holds.begin() + 2);
    CHECK(test.held(in, 0) == 2);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    holds.clear();
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a restart resumes at the committed offset") {
    weir::app app{"run"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n);
    test.restart();
    test.send(in, "k", 3);
    CHECK(seen == trace{0, 1, 2, 3});
    test.stop();
    CHECK(test.commits(in, 0) == offsets{3, 4});
}

TEST_CASE("semantics 19: a commit that fails while its partition is given up is sent again") {
    weir::app app{"shop"};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    test.send(in, "k", 0);
    test.fail_next_commit(3);
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == std::nullopt);
    test.advance(1s);
    CHECK(test.committed(in, 0) == std::optional<offset>{1});
}
TEST_CASE("semantics 24: a rebalance whose last commit keeps failing ends at its limit") {
    struct recorder : weir::hooks {
        std::vector<std::string> gone;
        void revoked(const weir::topic_partition& tp, bool) override {
            gone.push_back(tp.topic + std::to_string(tp.partition));
        }
    } record;
    weir::app app{"shop", {.drain_timeout = 10s, .hooks = &record}};
    auto in = app.topic<int>("in", {.partitions = 2});
    app.agent("a", in | weir::for_each([](int) {}));
    weir::testing::test_driver test{app};
    test.send(in, std::nullopt, 0, {.partition = 0});
    test.fail_next_commit(1'000'000);
    test.revoke(in, 0);
    test.advance(11s);  // two seconds are left for the commit
    CHECK(record.gone.empty());
    test.advance(1s);
    CHECK(record.gone == std::vector<std::string>{"in0"});
    CHECK(test.committed(in, 0) == std::nullopt);
    test.fail_next_commit(0);
    test.assign(in, 0);  // the rebalance is over
    test.advance(3s);
    CHECK(test.committed(in, 0) == std::optional<offset>{1});
}
TEST_CASE("semantics 28: a run whose last commit keeps failing ends at its limit") {
    weir::hooks quiet;
    weir::app app{"shop", {.shutdown_timeout = 10s, .hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    weir::testing::test_driver test{app};
    test.send(in, "k", 0);
    test.fail_next_commit(1'000'000);
    test.stop();
    CHECK(!test.running());
    CHECK(test.committed(in, 0) == std::nullopt);
    CHECK(test.exit_code() == weir::exit_code::failed);
}
TEST_CASE("semantics 28: a stop that the broker does not confirm is an error that says what is "
          "left") {
    silent quiet;
    struct : weir::clock {
        weir::time_point steady() const override { return now; }
        bool skip_to(weir::time_point t) override {
            now = std::max(now, t);
            return true;
        }
        weir::time_point now{};
    } clock;
    const auto broker = weir::transport::memory_broker::named("unconfirmed");
    weir::app app{"shop",
                  {.broker = "memory://unconfirmed",
                   .shutdown_timeout = 10s,
                   .clock = &clock,
                   .hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([&](int n) {
                       if (n == 4) app.stop();
                   }));
    app.agent("b", weir::from(std::views::iota(0, 5)) | weir::to(in));
    broker->fail_next_commit("shop", 1'000'000, weir::transport::commit_error::broker);
    CHECK_THROWS_WITH_AS(app.run(),
                         "weir: the broker has not confirmed everything in shutdown_timeout, 10 s; "
                         "not committed: in[0] from 0 to 4",
                         weir::error);
}
TEST_CASE("semantics 28: the last commit of a run is sent again when it fails") {
    weir::app app{"shop"};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    test.send(in, "k", 0);
    test.fail_next_commit(2);
    test.stop();
    CHECK(test.committed(in, 0) == std::optional<offset>{1});
}

TEST_CASE("semantics 28: a range yields nothing more once the app stops") {
    weir::app app{"run"};
    trace seen;
    app.agent("a", weir::from(std::views::iota(0, 10'000)) | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n == 100) app.stop();
                   }));
    test_driver test{app};
    test.run();
    CHECK(!test.running());
    CHECK(seen.size() < 10'000);
}
