// SPDX-License-Identifier: Apache-2.0
// What holds a commit back is named, wherever it is.
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

/// "in[0]@2 agent op, 3 s: why"; "nothing" if nothing holds it back.
std::string said(test_driver& test, const weir::app& app, const std::string& topic,
                 weir::partition_id p = 0) {
    const auto b = app.explain(topic, p);
    if (!b) return "nothing";
    const auto age = std::chrono::duration_cast<std::chrono::seconds>(test.now() - b->since);
    return b->topic + '[' + std::to_string(b->partition) + "]@" + std::to_string(b->offset) + ' ' +
           b->agent + ' ' + b->op + ", " + std::to_string(age.count()) + " s: " + b->why;
}

}  // namespace

TEST_CASE("semantics 22: explain names nothing while all that was read is done with") {
    weir::app app{"why"};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    CHECK(said(test, app, "in") == "nothing");
    test.send(in, "k", 1);
    CHECK(said(test, app, "in") == "nothing");  // the tick is due, nothing holds it back
    CHECK(!app.explain(in, 0));
    CHECK(app.explain("out", 0)->why == "no agent reads this topic");
    CHECK(app.explain("in", 7)->why == "the partition is not assigned to this app");
    test.lose(in, 0);
    CHECK(said(test, app, "in") == "in[0]@-1  , 0 s: the partition is not assigned to this app");
    test.stop();
    CHECK(said(test, app, "in") == "in[0]@-1  , 0 s: the app is not running");
}

TEST_CASE("semantics 22: explain names the oldest open offset, at which operator, since when: "
          "take") {
    weir::app app{"why"};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::filter([](int n) { return n > 1; }) | weir::take(3, 10s) |
                       weir::for_each([](const auto&) {}));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(in, "k", n);
    test.advance(4s);
    test.send(in, "k", 3);
    CHECK(said(test, app, "in") == "in[0]@2 a take(3, 10 s), 4 s: its batch is not complete");
    test.advance(6s);
    CHECK(said(test, app, "in") == "nothing");
    test.send(in, "k", 4);
    test.advance(1s);
    CHECK(said(test, app, "in") == "in[0]@4 a take(3, 10 s), 1 s: its batch is not complete");
}

TEST_CASE("semantics 22: explain counts since the time from which no commit could pass the "
          "message") {
    weir::app app{"why"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> holds;
    app.agent("a", in | weir::take(1) |
                       weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app};
    for (int n = 0; n < 3; ++n) {
        test.send(in, "k", n);
        test.advance(1s);
    }
    const std::string user = ": a hold of yours, or an event behind noack() that was not "
                             "acknowledged";
    CHECK(said(test, app, "in") == "in[0]@0 a , 3 s" + user);
    holds[1].release();
    test.run();
    CHECK(said(test, app, "in") == "in[0]@0 a , 3 s" + user);
    holds[0].release();
    test.run();
    test.advance(2s);
    CHECK(said(test, app, "in") == "in[0]@2 a , 2 s" + user);
}

TEST_CASE("semantics 22: explain names a call that is under way, and one that failed") {
    silent quiet;
    weir::app app{"why", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    bool works = true;
    app.agent("a", in | weir::map([&](int n) -> weir::task<int> {
                       co_await weir::sleep(5s);
                       if (!works) throw std::runtime_error{"no"};
                       co_return n;
                   }),
              {.on_error = weir::retry(3, 20s)});
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    test.advance(2s);
    CHECK(said(test, app, "in") == "in[0]@0 a map, 2 s: its call is under way");
    test.advance(3s);
    test.advance(1s);
    CHECK(said(test, app, "in") == "in[0]@1 a map, 1 s: its call is under way");
    works = false;
    test.advance(5s);
    CHECK(said(test, app, "in") == "in[0]@1 a map, 6 s: its call has failed and is tried again");
}

TEST_CASE("semantics 22: explain names a retry, its attempts and when the next one is due") {
    silent quiet;
    weir::app app{"why", {.on_error = weir::retry(4, 20s), .hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    app.agent("a", in | weir::filter([](int) { return true; }) | weir::for_each([](int n) {
                       if (n == 1) throw std::runtime_error{"no"};
                   }));
    app.agent("b", in | weir::take(2) | weir::flat_map(std::identity{}) | weir::for_each([](int n) {
                       if (n == 7) throw std::runtime_error{"no"};
                   }));
    test_driver test{app};
    test.append(in, "k", 0, {.partition = 0});
    test.append(in, "k", 1, {.partition = 0});
    test.run();
    test.advance(25s);
    CHECK(said(test, app, "in") == "in[0]@1 a filter | for_each, 25 s: attempt 2 of 5 has failed, "
                                   "the next one is due in 15 s; agent 'a' is 1 message behind "
                                   "agent 'b'");
    test.append(in, "k", 6, {.partition = 1});
    test.append(in, "k", 7, {.partition = 1});
    test.run();
    test.advance(1s);
    CHECK(said(test, app, "in", 1) ==
          "in[1]@0 b take(2), 1 s: flat_map | for_each: attempt 1 of 5 has failed, the next one is "
          "due in 19 s; agent 'b' is 1 message behind agent 'a'");
}

TEST_CASE("semantics 22: explain names a send that is not confirmed, and one that failed") {
    silent quiet;
    weir::app app{"why", {.on_produce_error = weir::retry(3, 10s), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    std::string during;
    test_driver* test = nullptr;
    app.agent("a", in | weir::to("out"));
    app.agent("b", in | weir::for_each([&](int) {
                       if (test) during = said(*test, app, "in");
                   }));
    test_driver driver{app};
    test = &driver;
    driver.fail_next_send("out", 2);
    driver.send(in, "k", 0);
    driver.advance(11s);
    CHECK(during == "in[0]@0 b for_each, 0 s: it waits for its turn; agent 'b' is 1 message behind "
                    "agent 'a'");
    CHECK(said(driver, app, "in") == "in[0]@0 a to, 11 s: attempt 2 of 4 to send to 'out' has "
                                     "failed, the next one waits");
}

TEST_CASE("semantics 22: explain names what does not decode, and its retry") {
    silent quiet;
    weir::app app{"why", {.on_decode_error = weir::retry(3, 10s), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in | weir::for_each([](int) {}));
    test_driver test{app};
    test.append(in, "k", 0);
    test.append_raw(in, "k", "x");
    test.run();
    test.advance(5s);
    CHECK(said(test, app, "in").starts_with("in[0]@1  decode, 5 s: it does not decode: "));
}

TEST_CASE("semantics 22: explain names a stream that nobody iterates") {
    weir::app app{"why"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    const auto left = app.stream(in, {.name = "s"}) | weir::filter([](int) { return true; });
    for (int n : left)
        if (n == 2) break;
    test.advance(3s);
    CHECK(said(test, app, "in") == "in[0]@3 s filter, 3 s: nobody iterates the stream");
    for (int n : app.stream(in, {.name = "t"})) {
        if (n < 9) CHECK(said(test, app, "in").find(" s ") != std::string::npos);
        break;
    }
}

TEST_CASE("semantics 30: open_max stops that partition only, and explain says so") {
    weir::app app{"why", {.open_max = 10}};
    auto in = app.topic<int>("in", {.partitions = 2});
    std::vector<weir::hold> holds;
    int seen = 0;
    app.agent("a", in | weir::take(1) | weir::for_each([&](const auto& b) {
                       ++seen;
                       if (b[0] == 0) holds.push_back(b.hold());
                   }));
    test_driver test{app};
    for (int n = 0; n < 30; ++n) test.append(in, "k", 0, {.partition = 0});
    for (int n = 0; n < 30; ++n) test.append(in, "k", 1, {.partition = 1});
    test.run();
    CHECK(seen == 40);
    CHECK(test.held(in, 0) == 10);
    CHECK(test.held(in, 1) == 0);
    test.advance(1s);
    CHECK(said(test, app, "in", 0) ==
          "in[0]@0 a , 1 s: a hold of yours, or an event behind noack() that was not acknowledged; "
          "no more is read, since open_max = 10 messages are open");
    CHECK(said(test, app, "in", 1) == "nothing");
    holds.erase(holds.begin(), holds.begin() + 4);
    test.run();
    CHECK(seen == 44);  // as much as there is room for
    CHECK(test.held(in, 0) == 10);
}

TEST_CASE("semantics 22: explain names a partition that is being given up, and a full sink") {
    const std::string broker = "memory://explain-full";
    weir::app app{"why", {.broker = broker, .drain_timeout = 60s}};
    const auto memory = weir::transport::memory_broker::named("explain-full");
    auto in = app.topic<int>("in");
    app.agent("grow",
              in | weir::map([](int) { return std::string(1'000'000, 'x'); }) | weir::to("out"));
    weir::app slow{"slow", {.broker = broker}};
    std::vector<weir::hold> holds;
    slow.agent("keep", slow.topic<std::string>("out") | weir::take(1) |
                           weir::for_each([&](const auto& b) { holds.push_back(b.hold()); }));
    test_driver test{app, slow};
    for (int n = 0; n < 100; ++n) test.append(in, "k", n);
    test.run();
    test.commit();
    test.advance(2s);
    const auto at = std::to_string(*test.committed(in, 0));
    CHECK(said(test, app, "in") == "in[0]@" + at + " grow to, 2 s: there is no room behind it");
    test.revoke(in, 0);
    CHECK(said(test, app, "in") == "in[0]@" + at +
                                       " grow to, 2 s: there is no room behind it; the "
                                       "partition is being given up");
}
