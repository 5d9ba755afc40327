// SPDX-License-Identifier: Apache-2.0
// Tasks, timers, sleep, offload: what an app does beside its agents.
#include <atomic>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include "barrier.hpp"
#include "driven.hpp"

using weir::testing::barrier;

namespace {

std::string text(int n) { return "a value that lives on the heap, number " + std::to_string(n); }

}  // namespace

TEST_CASE("semantics 48: a task runs once a run, beside the agents, and is cancelled at its end") {
    weir::app app{"bg"};
    texts log;
    struct guard {
        texts& log;
        ~guard() { log.push_back("cancelled"); }
    };
    const auto name = text(1);
    app.task([&log, name]() -> weir::task<> {
        const guard g{log};
        while (true) {
            log.push_back(name);
            co_await weir::sleep(10s);
        }
    });
    test_driver test{app};
    test.run();
    CHECK(log == texts{name});
    test.advance(25s);
    CHECK(log == texts{name, name, name});
    test.stop();
    CHECK(log == texts{name, name, name, "cancelled"});
    CHECK(test.exit_code() == weir::exit_code::ok);
    test.restart();
    CHECK(log == texts{name, name, name, "cancelled", name});
}

TEST_CASE("semantics 48: a task that throws stops the app with its message") {
    silent quiet;
    weir::app app{"bg", {.hooks = &quiet}};
    app.task([]() -> weir::task<> {
        co_await weir::sleep(1ms);
        throw std::runtime_error{"no server"};
    });
    CHECK_THROWS_WITH_AS(app.run(), "weir: a task stopped the app: no server", weir::error);
}

TEST_CASE("semantics 48: told to skip, a task that throws is logged and counted") {
    silent quiet;
    weir::app app{"bg", {.hooks = &quiet}};
    app.task(
        []() -> weir::task<> {
            throw std::runtime_error{"no server"};
            co_return;
        },
        {.on_error = weir::skip});
    app.task([] { throw std::runtime_error{"a function"}; }, {.on_error = weir::skip});
    test_driver test{app};
    CHECK(test.running());
    REQUIRE(test.errors().size() == 2);
    CHECK(test.errors()[0].seam == "task");
    CHECK(test.errors()[0].text == "no server");
    CHECK(test.errors()[1].text == "a function");
}

TEST_CASE("semantics 48: a task may be retried") {
    silent quiet;
    weir::app app{"bg", {.hooks = &quiet}};
    int calls = 0;
    app.task(
        [&]() -> weir::task<> {
            if (++calls < 3) throw std::runtime_error{"not yet"};
            co_return;
        },
        {.on_error = weir::retry(5, 10s)});
    test_driver test{app};
    CHECK(calls == 1);
    test.advance(10s);
    CHECK(calls == 2);
    test.advance(60s);
    CHECK(calls == 3);
    CHECK(test.errors().empty());
}

TEST_CASE("semantics 48: a timer keeps its grid and skips missed ticks") {
    weir::app app{"bg"};
    std::vector<std::chrono::milliseconds> ticks;
    test_driver* driver = nullptr;
    weir::timestamp begin{};
    app.timer(10s, [&] { ticks.push_back(driver->now() - begin); });
    auto in = app.topic<int>("in");
    app.agent("slow", in | weir::for_each([](int) {}));
    test_driver test{app};
    driver = &test;
    begin = test.now();
    test.advance(9999ms);
    CHECK(ticks.empty());
    test.advance(1ms);
    CHECK(ticks == decltype(ticks){10s});
    test.advance(25s);
    CHECK(ticks == decltype(ticks){10s, 20s, 30s});
}

TEST_CASE("semantics 48: two calls of a timer never overlap; what was missed is left out") {
    weir::app app{"bg"};
    std::vector<std::chrono::milliseconds> begun;
    test_driver* driver = nullptr;
    weir::timestamp begin{};
    app.timer(10s, [&]() -> weir::task<> {
        begun.push_back(driver->now() - begin);
        co_await weir::sleep(begun.size() == 1 ? 25s : 1s);
    });
    test_driver test{app};
    driver = &test;
    begin = test.now();
    test.advance(65s);
    CHECK(begun == decltype(begun){10s, 40s, 50s, 60s});  // 20 s and 30 s were missed
}

TEST_CASE("semantics 48: a timer that throws stops the app, or goes on if it is told to") {
    silent quiet;
    weir::app app{"bg", {.hooks = &quiet}};
    int calls = 0;
    app.timer(10s,
              [&] {
                  ++calls;
                  throw std::runtime_error{"tick"};
              },
              {.on_error = weir::skip});
    {
        test_driver test{app};
        test.advance(35s);
        CHECK(calls == 3);
        CHECK(test.errors().size() == 3);
        CHECK(test.errors()[0].seam == "timer");
        CHECK(test.running());
    }
    weir::app other{"bg", {.hooks = &quiet}};
    other.timer(1ms, [] { throw std::runtime_error{"tick"}; });
    CHECK_THROWS_WITH_AS(other.run(), "weir: a timer stopped the app: tick", weir::error);
}

TEST_CASE("a timer's interval must be positive, and it has no message for a dead letter") {
    weir::app app{"bg"};
    CHECK_THROWS_WITH_AS(app.timer(0s, [] {}), "weir: app.timer: the interval must be positive",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(app.timer(1s, [] {}, {.on_error = weir::dead_letter("x")}),
                         "weir: a timer has no message, so no dead letter: use stop, skip or retry",
                         weir::setup_error);
}

TEST_CASE("semantics 48: a timer's ticks do not keep an idle app running, nor a pull stream") {
    weir::app app{"bg"};
    auto in = app.topic<int>("in");
    app.timer(1s, [] {});
    test_driver test{app};
    test.append(in, "k", 1);
    trace seen;
    for (int n : app.stream(in)) seen.push_back(n);  // ends, since nothing else is pending
    CHECK(seen == trace{1});
}

TEST_CASE("semantics 48: a task may be added from a body while the app runs") {
    weir::app app{"bg"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       app.task([&, n]() -> weir::task<> {
                           co_await weir::sleep(1s);
                           seen.push_back(n);
                       });
                   }));
    test_driver test{app};
    test.send(in, "k", 1);
    test.send(in, "k", 2);
    CHECK(seen.empty());
    test.advance(1s);
    CHECK(seen == trace{1, 2});
}

TEST_CASE("a million ready awaits neither overflow the stack nor allocate a frame each") {
    weir::app app{"bg"};
    int sum = 0;
    const auto one = []() -> weir::task<int> { co_return 1; };
    const auto two = [one]() -> weir::task<int> { co_return co_await one() + co_await one(); };
    app.task([&, two]() -> weir::task<> {
        for (int i = 0; i < 500'000; ++i) sum += co_await two();
    });
    test_driver test{app};
    CHECK(sum == 1'000'000);
}

TEST_CASE("semantics 48: offload runs blocking work on another thread and brings its result back") {
    weir::app app{"bg"};
    const auto here = std::this_thread::get_id();
    std::string got;
    bool elsewhere = false, back = false;
    app.task([&]() -> weir::task<> {
        auto work = [&elsewhere, here, s = text(1)] {
            elsewhere = std::this_thread::get_id() != here;
            return std::make_unique<std::string>(s + "!");
        };
        const auto made = co_await weir::offload(std::move(work));
        got = *made;
        back = std::this_thread::get_id() == here;
    });
    test_driver test{app};  // waits for it
    CHECK(got == text(1) + "!");
    CHECK(elsewhere);
    CHECK(back);
}

TEST_CASE("semantics 48: what an offloaded call throws is thrown by the co_await") {
    weir::app app{"bg"};
    std::string caught;
    app.task([&]() -> weir::task<> {
        auto work = [] { throw std::runtime_error{text(2)}; };
        try {
            co_await weir::offload(work);
        } catch (const std::runtime_error& e) { caught = e.what(); }
    });
    test_driver test{app};
    CHECK(caught == text(2));
}

TEST_CASE("semantics 48: at most offload_threads calls run at once; beyond offload_max a coroutine "
          "waits for room") {
    weir::app app{"bg", {.offload_threads = 2, .offload_max = 3}};
    std::atomic<int> now = 0, most = 0, all = 0;
    barrier opened;
    for (int n = 0; n < 20; ++n)
        app.task([&]() -> weir::task<> {
            auto work = [&] {
                const int running = ++now;
                int seen = most;
                while (running > seen && !most.compare_exchange_weak(seen, running)) {}
                opened.pass();
                --now;
            };
            co_await weir::offload(work);
            ++all;
        });
    std::thread opens{[&] { opened.wait_for(2), opened.open(); }};
    test_driver test{app};
    opens.join();
    CHECK(all == 20);
    CHECK(most == 2);
}

TEST_CASE("semantics 48: an asynchronous map may offload; its message is held meanwhile") {
    weir::app app{"bg"};
    auto in = app.topic<std::string>("in");
    auto out = app.topic<std::string>("out");
    app.agent("a", in |
                       weir::map(
                           [](std::string s) -> weir::task<std::string> {
                               auto work = [s] { return s + "!"; };
                               co_return co_await weir::offload(std::move(work));
                           },
                           {.concurrency = 8, .order = weir::order_by::key}) |
                       weir::to(out));
    test_driver test{app};
    for (int n = 0; n < 20; ++n) test.append(in, "k" + std::to_string(n % 5), text(n));
    test.run();
    CHECK(test.values(out).size() == 20);
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("more calls than threads: told once, by the first that waits for a thread") {
    const auto lines = [](std::size_t threads, std::size_t concurrency) {
        silent hooks;
        weir::app app{"bg", {.hooks = &hooks, .offload_threads = threads}};
        auto in = app.topic<int>("in");
        barrier opened;
        int begun = 0;
        const auto call = [&](int n) -> weir::task<int> {
            // the calls before it are on a thread, or wait for one
            if (++begun == 6) opened.open();
            auto work = [&opened] { opened.pass(); };
            if (n > 0) co_await weir::offload(work);
            co_return n;
        };
        app.agent("pay", in | weir::map(call, {.concurrency = concurrency}));
        test_driver test{app};
        for (int n = 0; n < 6; ++n) test.append(in, std::nullopt, n);
        test.run();
        for (int n = 0; n < 6; ++n) test.append(in, std::nullopt, n);
        test.run();
        return hooks.lines;
    };
    CHECK(
        lines(2, 6) ==
        texts{"agent 'pay': map async(6) may have 6 calls under way, and offload_threads = 2: its "
              "calls of weir::offload wait for a thread; raise offload_threads, or lower the "
              "concurrency"});
    CHECK(lines(6, 6).empty());
    CHECK(lines(16, 6).empty());
}

TEST_CASE("semantics 48: at the end of a run calls are waited for; what has not begun never is") {
    weir::app app{"bg", {.offload_threads = 1}};
    std::atomic<int> begun = 0, ended = 0;
    barrier opened;
    for (int n = 0; n < 3; ++n)
        app.task([&]() -> weir::task<> {
            auto work = [&] {
                ++begun;
                opened.pass();
                ++ended;
            };
            co_await weir::offload(work);
        });
    while (begun == 0) app.poll(1ms);
    std::thread opens{[&] { opened.open(); }};
    app.stop();
    while (app.poll(10ms)) {}
    CHECK(begun == ended);
    opens.join();
}

TEST_CASE("semantics 48: a call that does not return in shutdown_timeout is left alone") {
    const auto opened = std::make_shared<barrier>();
    const auto done = std::make_shared<std::atomic<bool>>(false);
    {
        weir::app app{"bg", {.shutdown_timeout = 1ms}};
        app.task([&]() -> weir::task<> {
            auto work = [opened, done] {
                opened->pass();
                *done = true;
                return text(3);
            };
            (void)co_await weir::offload(std::move(work));
            FAIL("its result goes nowhere");
        });
        while (!app.poll(1ms)) {}
        opened->wait_for(1);
        app.stop();
        while (app.poll(10ms)) {}
    }
    CHECK_FALSE(*done);
    opened->open();
    while (!*done) std::this_thread::yield();
}

TEST_CASE("offload wakes a loop that is somebody else's") {
    weir::app app{"bg"};
    bool back = false;
    app.task([&]() -> weir::task<> {
        auto work = [] { return 1; };
        co_await weir::offload(work);
        back = true;
    });
    while (!back) app.poll(weir::duration::max());
    CHECK(back);
}

TEST_CASE("semantics 28: a task that sends on and on does not keep a run from its end") {
    weir::app app{"bg"};
    auto out = app.topic<int>("out");
    int sent = 0;
    app.task([&]() -> weir::task<> {
        for (; sent < 100'000; ++sent) {
            co_await out.send(std::nullopt, sent);
            if (sent == 100) app.stop();
        }
    });
    app.run();
    CHECK(sent < 200);
}

TEST_CASE("semantics 28: a timer that is due does not keep a run turning that has failed and waits "
          "for a send") {
    silent quiet;
    weir::app app{"bg", {.on_produce_error = weir::retry(1, 10s), .hooks = &quiet}};
    auto in = app.topic<int>("in"), out = app.topic<int>("out");
    app.agent("a", in | weir::tap([](int n) {
                       if (n == 2) throw std::runtime_error{"no"};
                   }) | weir::to(out),
              {.on_error = weir::stop});
    app.timer(1s, [] {});
    test_driver test{app};
    test.fail_next_send(out);
    test.append(in, std::nullopt, 1);
    test.append(in, std::nullopt, 2);
    test.run();
    test.advance(2s);
    REQUIRE(test.running());
    test.stop();
    CHECK(test.values(out) == trace{1});
    CHECK(test.committed(in, 0) == 1);
    CHECK(test.exit_code() == weir::exit_code::failed);
}

TEST_CASE("a duration without end is one: nothing that waits for it is due") {
    constexpr auto never = weir::duration::max();
    silent quiet;
    weir::app app{"bg",
                  {.commit_interval = never,
                   .drain_timeout = never,
                   .shutdown_timeout = never,
                   .hooks = &quiet}};
    auto in = app.topic<int>("in");
    int woken = 0, taken = 0, calls = 0, ticks = 0;
    trace seen;
    app.task([&]() -> weir::task<> {
        co_await weir::sleep(never);
        ++woken;
    });
    app.timer(never, [&] { ++ticks; });
    app.agent("slow", in | weir::map([](int n) -> weir::task<int> {
                          co_await weir::sleep(5s);
                          co_return n;
                      }) | weir::for_each([&](int n) { seen.push_back(n); }));
    app.agent("batches", app.topic<int>("few") | weir::take(3, never - 1ns) |
                             weir::for_each([&](const weir::batch<int>&) { ++taken; }));
    app.agent("fails", app.topic<int>("bad") | weir::for_each([&](int) {
                           ++calls;
                           throw std::runtime_error{"no"};
                       }),
              {.on_error = weir::retry(3, never)});
    test_driver test{app};
    test.send(app.topic<int>("few"), 1);
    test.send(app.topic<int>("bad"), 1);
    test.send(in, 1);
    test.advance(1h);
    CHECK(woken == 0);
    CHECK(ticks == 0);
    CHECK(taken == 0);
    CHECK(calls == 1);
    CHECK(seen == trace{1});
    CHECK_FALSE(test.committed(in, 0));
    test.send(in, 2);
    test.revoke(in, 0);
    test.advance(5s);  // it is awaited, and committed before it is given up
    CHECK(seen == trace{1, 2});
    CHECK(test.committed(in, 0) == 2);
}
