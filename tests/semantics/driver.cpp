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

TEST_CASE("what a topic keeps goes by its settings and the virtual clock; compact does it now") {
    silent quiet;
    weir::app app{"driver", {.hooks = &quiet}};
    using keyed = weir::topic<std::string, int>;
    const keyed last =
        app.topic<std::string, int>("last", {.config = {{"cleanup.policy", "compact"}}});
    const keyed young =
        app.topic<std::string, int>("young", {.config = {{"retention.ms", "1000"}}});
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.send(last, "a", n);
    test.send(last, "b", 3);
    test.send(young, "a", 1);
    test.advance(600ms);
    test.send(young, "a", 2);
    test.advance(600ms);
    CHECK(test.values(young) == numbers{2});
    CHECK(test.values(last) == numbers{0, 1, 2, 3});
    test.compact(last);
    CHECK(test.values(last) == numbers{2, 3});
    test.send(last, "a", std::nullopt);
    test.advance(23h);
    test.compact(last);
    CHECK(test.events(test.peek<std::string, std::optional<int>>("last")).size() == 2);
    test.advance(1h);
    test.compact(last);
    CHECK(test.values(last) == numbers{3});
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

TEST_CASE("a body that drives its own test is refused, whatever it calls, and nothing is done") {
    silent quiet;
    weir::app first{"driver", {.broker = "memory://driver", .hooks = &quiet}};
    weir::app second{"other", {.broker = "memory://driver", .hooks = &quiet}};
    weir::app late{"late", {.broker = "memory://driver", .hooks = &quiet}};
    auto in = first.topic<std::string, int>("in");
    const auto out = first.topic<int>("out");
    using driven_call = std::function<void(test_driver&)>;
    const std::vector<std::pair<std::string, driven_call>> calls{
        {"add", [&](test_driver& t) { t.add(late); }},
        {"send", [&](test_driver& t) { t.send(in, "k", 2); }},
        {"send", [&](test_driver& t) { t.send(in, "k", std::nullopt); }},
        {"send", [&](test_driver& t) { t.send(out, 2); }},
        {"send_raw", [&](test_driver& t) { t.send_raw("in", "k", "2"); }},
        {"run", [&](test_driver& t) { t.run(); }},
        {"seed_commit", [&](test_driver& t) { t.seed_commit(in, 0, 7); }},
        {"advance", [&](test_driver& t) { t.advance(1s); }},
        {"commit", [&](test_driver& t) { t.commit(); }},
        {"revoke", [&](test_driver& t) { t.revoke(in, 0); }},
        {"assign", [&](test_driver& t) { t.assign(in, 0); }},
        {"lose", [&](test_driver& t) { t.lose(in, 0); }},
        {"stop", [&](test_driver& t) { t.stop(); }},
        {"stop", [&](test_driver& t) { t.stop(first); }},
        {"restart", [&](test_driver& t) { t.restart(); }},
        {"restart", [&](test_driver& t) { t.restart(second); }},
        {"kill", [&](test_driver& t) { t.kill(first); }},
        {"kill", [&](test_driver& t) { t.kill(second); }},
    };
    test_driver* driver = nullptr;
    texts said, expected;
    const auto body = [&](int) {
        for (auto& [name, call] : calls) {
            try {
                call(*driver);
                said.push_back(name + " went on");
            } catch (const weir::error& e) { said.emplace_back(e.what()); }
        }
    };
    for (auto& app : {&first, &second}) {
        auto read = app->topic<std::string, int>("in");
        app->agent("a", read | weir::for_each(body));
    }
    for (int app = 0; app < 2; ++app)
        for (auto& [name, call] : calls)
            expected.push_back("weir: test_driver::" + name +
                               " inside a body: the loop is turning already; call it outside of "
                               "all bodies");
    test_driver test{first, second};
    driver = &test;
    const auto begin = test.now();
    test.send(in, "k", 1);
    CHECK(said == expected);
    CHECK(test.values(in) == trace{1});
    CHECK(test.values(out).empty());
    CHECK(test.now() == begin);
    CHECK(test.running(first));
    CHECK(test.running(second));
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a body may look at its test, append and make failures") {
    weir::app app{"driver"};
    auto in = app.topic<int>("in");
    test_driver* driver = nullptr;
    trace seen;
    app.agent("a", in | weir::for_each([&](int n) {
                       seen.push_back(n);
                       if (n > 1) return;
                       driver->append(in, std::nullopt, 2);
                       driver->append_raw(in, "k", weir::bytes_view{"\0\0\0\3", 4});
                       driver->create_topic("new");
                       driver->fail_next_send("new");
                       driver->fail_next_commit();
                       CHECK(driver->values(in).size() == 3);
                       CHECK(driver->partitions("new") == 1);
                       CHECK(driver->committed(in, 0) == nothing);
                       CHECK(driver->commits(in, 0).empty());
                       CHECK(driver->errors().empty());
                       CHECK(driver->running());
                       CHECK(driver->exit_code() == 0);
                       CHECK(driver->held(in, 0) == 0);
                   }));
    test_driver test{app};
    driver = &test;
    test.append(in, std::nullopt, 1);
    test.run();
    CHECK(seen == trace{1, 2, 3});
}
