// SPDX-License-Identifier: Apache-2.0
// The test driver beside the real loop: what it refuses, and that both give the same times.
#include <functional>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

/// A virtual clock for an app that turns its loop itself.
struct jumping final : weir::clock {
    weir::time_point now{};
    weir::time_point steady() const override { return now; }
    bool skip_to(weir::time_point t) override {
        now = std::max(now, t);
        return true;
    }
};

/// What happened, and how long after the beginning.
using times = std::vector<std::pair<std::string, weir::duration>>;
using elapsed = std::function<weir::duration()>;

/// All that waits for time: sleeps (also of no length), timers, limits of time, retries.
void set_up(weir::app& app, const elapsed& since_begin, times& at) {
    const auto note = [since_begin, &at](const std::string& what) {
        at.emplace_back(what, since_begin());
    };
    app.task([note]() -> weir::task<> {
        for (int i = 0; i < 3; ++i) {
            co_await weir::sleep(0s);
            note("no time");
        }
        co_await weir::sleep(1500ms);
        note("slept");
    });
    app.timer(2s, [note] { note("timer"); });
    app.agent("take", weir::from(trace{1, 2, 3}) | weir::take(2, 3s) |
                          weir::for_each([note](const auto& b) {
                              note("batch of " + std::to_string(b.size()));
                          }));
    const auto call = [note](int n) -> weir::task<int> {
        co_await weir::sleep(0s);
        note("called");
        co_await weir::sleep(n * 100ms);
        co_return n;
    };
    app.agent("async", weir::from(trace{5, 1, 2}) | weir::map(call) |
                           weir::for_each([note](int n) { note(std::to_string(n)); }));
    app.agent("retry", weir::from(trace{1}) | weir::for_each([note, tries = 0](int) mutable {
                           note("tried");
                           if (++tries < 3) throw std::runtime_error{"not yet"};
                       }),
              {.on_error = weir::retry(5, 700ms)});
}

}  // namespace

TEST_CASE("the test driver and the real loop on a virtual clock give the same times") {
    silent quiet;
    times real, driven;
    {
        jumping clock;
        weir::app app{"driver", {.clock = &clock, .hooks = &quiet}};
        set_up(
            app, [&] { return clock.now.time_since_epoch(); }, real);
        app.task([&]() -> weir::task<> {
            co_await weir::sleep(9900ms);
            app.stop();
        });
        app.run();
    }
    {
        test_driver* driver = nullptr;
        weir::timestamp begin{};
        weir::app app{"driver", {.hooks = &quiet}};
        set_up(
            app, [&] { return driver ? driver->now() - begin : weir::duration{}; }, driven);
        test_driver test{app};
        driver = &test;
        begin = test.now();
        test.advance(9900ms);
    }
    CHECK(real.size() > 15);
    CHECK(driven == real);
}

TEST_CASE("advance makes what is due now happen now, however often it sleeps for no time") {
    weir::app app{"driver"};
    auto in = app.topic<int>("in");
    test_driver* driver = nullptr;
    std::vector<weir::duration> at;
    weir::timestamp begin{};
    const auto call = [&](int n) -> weir::task<int> {
        co_await weir::sleep(0s);
        at.push_back(driver->now() - begin);
        co_return n;
    };
    app.agent("a", in | weir::map(call, {.concurrency = 1}));
    test_driver test{app};
    driver = &test;
    begin = test.now();
    for (int n = 0; n < 4; ++n) test.append(in, "k", n);
    test.advance(10s);
    CHECK(at == std::vector<weir::duration>(4, 0s));
    CHECK(test.now() - begin == 10s);
}

TEST_CASE("a body that turns its own app's loop is refused under the driver as by the real loop") {
    const auto refusal = [](auto turns, bool driven) {
        silent quiet;
        weir::app app{"driver", {.hooks = &quiet}};
        auto in = app.topic<int>("in");
        std::string said = "nothing was thrown";
        app.agent("a", in | weir::for_each([&](int) {
                           try {
                               turns(app, in);
                           } catch (const weir::error& e) { said = e.what(); }
                           app.stop();
                       }));
        if (driven) {
            test_driver test{app};
            test.send(in, "k", 1);
        } else {
            app.task([&]() -> weir::task<> { co_await in.send("k", 1); });
            app.run();
        }
        return said;
    };
    const auto run = [](weir::app& app, auto&) { app.run(); };
    const auto poll = [](weir::app& app, auto&) { app.poll(0s); };
    const auto iterate = [](weir::app& app, auto& in) {
        for ([[maybe_unused]] auto& n : app.stream(in)) break;
    };
    const std::string sentence =
        "weir: run, poll or a pull stream inside a body of the same app: its loop is turning "
        "already";
    for (bool driven : {false, true}) {
        CHECK(refusal(run, driven) == sentence);
        CHECK(refusal(poll, driven) == sentence);
        CHECK(refusal(iterate, driven) == sentence);
    }
}

TEST_CASE("a body that drives its own test is refused") {
    weir::app app{"driver"};
    auto in = app.topic<int>("in");
    test_driver* driver = nullptr;
    std::string said;
    app.agent("a", in | weir::for_each([&](int) {
                       try {
                           driver->run();
                       } catch (const weir::error& e) { said = e.what(); }
                   }));
    test_driver test{app};
    driver = &test;
    test.send(in, "k", 1);
    CHECK(said.find("its loop is turning already") != std::string::npos);
    CHECK(test.running());
}
