// SPDX-License-Identifier: Apache-2.0
// Members join, leave and die, apps stop: what each of it does to what is in work.
#include <algorithm>
#include <csignal>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

weir::app* to_stop = nullptr;
extern "C" void stop_it(int) { to_stop->stop(); }

}  // namespace

TEST_CASE("semantics 21: derived messages hold their source until their delivery report; if one "
          "fails for good the source is not silently committed") {
    using weir::pipeline;
    const auto check = [](const std::string& derived, const std::function<void(weir::app&)>& add) {
        silent quiet;
        weir::app app{"re", {.on_produce_error = weir::retry(1, 5s), .hooks = &quiet}};
        add(app);
        test_driver test{app};
        test.fail_next_send(derived);
        test.send(test.peek<std::string, int>("in"), "k", 7);
        test.commit();
        INFO(derived);
        CHECK(test.held("in", 0) == 1);
        CHECK(test.committed("in", 0) == nothing);
        test.advance(5s);
        test.commit();
        CHECK(test.held("in", 0) == 0);
        CHECK(test.committed("in", 0) == 1);
        test.fail_next_send(derived, 2);
        test.send(test.peek<std::string, int>("in"), "k", 8);
        test.advance(5s);
        CHECK(!test.running());  // the default: stop
        CHECK(test.committed("in", 0) == 1);
    };
    const auto in = [](weir::app& app) { return app.topic<std::string, int>("in"); };
    const auto done = weir::for_each([](const auto&) {});
    check("out", [&](weir::app& app) { app.agent("a", in(app) | weir::to("out")); });
    check("out", [&](weir::app& app) { app.agent("a", in(app) | weir::through("out") | done); });
    for (const char* failing : {"x", "y"})
        check(failing,
              [&](weir::app& app) { app.agent("a", in(app) | weir::echo("x", "y") | done); });
    check("re-a-n-repartition", [&](weir::app& app) {
        app.agent("a", in(app) | weir::group_by([](int n) { return n; }, "n") | done);
    });
}

TEST_CASE("semantics 26: a partial batch on shutdown is delivered as a last short batch") {
    weir::app app{"re"};
    auto in = app.topic<int>("in");
    batches seen;
    app.agent("a", in | weir::take(3) |
                       weir::for_each([&](const auto& b) { seen.push_back(b.values()); }));
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.send(in, "k", n);
    test.stop();
    CHECK(seen == batches{{0, 1, 2}, {3, 4}});
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("semantics 27: partitions that stay assigned lose and repeat nothing during a "
          "cooperative rebalance, and flow while the others are drained") {
    const std::string broker = "memory://rebalance-stay";
    weir::app first{"re", {.broker = broker}}, second{"re", {.broker = broker}};
    trace seen, others;
    bool slow = false;
    auto in = first.topic<int>("in", {.partitions = 4});
    first.agent("a", in |
                         weir::map(
                             [&](int n) -> weir::task<int> {
                                 if (slow && n >= 100) co_await weir::sleep(8s);
                                 co_return n;
                             },
                             {.concurrency = 4, .order = weir::order_by::none}) |
                         weir::for_each([&](int n) { seen.push_back(n); }));
    second.agent("a", second.topic<int>("in", {.partitions = 4}) |
                          weir::for_each([&](int n) { others.push_back(n); }));
    test_driver test{first};
    const auto send = [&](int n) {
        for (weir::partition_id p = 0; p < 4; ++p)
            test.append(in, "k", n * 10 + static_cast<int>(p), {.partition = p});
    };
    send(0);
    test.run();
    std::sort(seen.begin(), seen.end());  // partitions take turns
    CHECK(seen == trace{0, 1, 2, 3});
    slow = true;
    test.append(in, "k", 102, {.partition = 2});
    test.append(in, "k", 103, {.partition = 3});
    test.run();
    test.add(second);  // two of the four go, once their calls are done
    for (int n = 1; n <= 3; ++n) {
        test.append(in, "k", n * 10, {.partition = 0});
        test.run();
    }
    for (int n : {10, 20, 30}) CHECK(std::count(seen.begin(), seen.end(), n) == 1);
    CHECK(others.empty());
    CHECK(test.committed(in, 2) == nothing);
    test.advance(8s);
    CHECK(test.committed(in, 2) == 2);  // drained, and committed before they went
    CHECK(test.committed(in, 3) == 2);
    test.append(in, "k", 42, {.partition = 2});
    test.append(in, "k", 43, {.partition = 3});
    test.append(in, "k", 40, {.partition = 0});
    test.append(in, "k", 41, {.partition = 1});
    test.run();
    std::sort(others.begin(), others.end());
    CHECK(others == trace{42, 43});
    trace stayed;
    for (int n : seen)
        if (n % 10 < 2) stayed.push_back(n);
    std::sort(stayed.begin(), stayed.end());
    CHECK(stayed == trace{0, 1, 10, 20, 30, 40, 41});  // none lost, none twice
    test.commit();
    CHECK(first.counters().revoked == 2);
    CHECK(first.partitions().size() == 2);
}

TEST_CASE("semantics 28: stop finishes what is in work, drops what is only queued, commits; it is "
          "idempotent and works from a posted call") {
    weir::app app{"re", {.stream_buffer_max = 2}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::map([](int n) -> weir::task<int> {
                       co_await weir::sleep(5s);
                       co_return n;
                   }) | weir::for_each([&](int n) { seen.push_back(n); }));
    test_driver test{app};
    for (int n = 0; n < 6; ++n) test.append(in, "k", n);
    test.run();
    app.post([&] {
        app.stop();
        app.stop();
    });
    test.stop();
    CHECK(seen == trace{0});
    CHECK(!test.running());
    CHECK(test.exit_code() == 0);
    CHECK(test.commits(in, 0) == offsets{1});
    test.restart();
    test.advance(1min);
    CHECK(seen == trace{0, 1, 2, 3, 4, 5});
}

TEST_CASE("semantics 28: a signal handler calls stop itself, also while a body runs") {
    weir::app app{"re"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n == 2) std::raise(SIGUSR1);
                   }));
    to_stop = &app;
    const auto before = std::signal(SIGUSR1, stop_it);
    test_driver test{app};
    for (int n = 0; n < 6; ++n) test.append(in, "k", n);
    test.run();
    std::signal(SIGUSR1, before);
    CHECK(seen == trace{0, 1, 2});  // the message that was in work is finished, none is begun
    CHECK(!test.running());
    CHECK(test.commits(in, 0) == offsets{3});
}

TEST_CASE("semantics 28: stop always returns: what never ends is given up after shutdown_timeout") {
    silent quiet;
    weir::app app{
        "re", {.shutdown_timeout = 7s, .on_produce_error = weir::retry(1000, 1s), .hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("sends", in | weir::to("out"));
    app.agent("calls", in | weir::map([](int n) -> weir::task<int> {
                           co_await weir::sleep(1h);
                           co_return n;
                       }));
    app.agent("retries", in | weir::for_each([](int) { throw std::runtime_error{"no"}; }),
              {.on_error = weir::retry(1000, 1s)});
    test_driver test{app};
    test.fail_next_send("out", 1000);
    test.send(in, "k", 0);
    const auto begun = test.now();
    test.stop();
    CHECK(!test.running());
    CHECK(test.now() - begun == 7s);
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("semantics 46: agents have unique names; several may read one topic; one that fails by "
          "policy stop stops the app with its error, and no short batch is delivered") {
    silent quiet;
    weir::app app{"re", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    bool batch = false;
    app.agent("a", in | weir::for_each([&](int n) { seen.push_back(n); }));
    app.agent("b", in | weir::take(100) | weir::for_each([&](const auto&) { batch = true; }));
    app.agent("c", in | weir::for_each([](int n) {
                       if (n == 1) throw std::runtime_error{"one"};
                   }),
              {.on_error = weir::stop});
    CHECK_THROWS_AS(app.agent("c", in | weir::for_each([](int) {})), weir::setup_error);
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    CHECK(seen == trace{0, 1});
    CHECK(!test.running());
    CHECK(test.exit_code() == 1);
    CHECK(!batch);
    CHECK(test.committed(in, 0) == nothing);
}
