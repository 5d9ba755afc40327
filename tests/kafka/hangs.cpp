// SPDX-License-Identifier: Apache-2.0
// A broker that answers nobody any more: what stops does so within its limit, and says what is
// left.
#include <doctest/doctest.h>
#include <signal.h>

#include <atomic>
#include <cstdlib>
#include <functional>
#include <memory>

#include "../cli/process.hpp"
#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

constexpr auto limit = 1s;                // shutdown_timeout
constexpr auto promised = limit + 3s;     // beyond it
constexpr auto most = promised + 2500ms;  // other processes have the machine, too

std::chrono::milliseconds time_of(const std::function<void()>& what) {
    const auto begun = std::chrono::steady_clock::now();
    what();
    return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                                 begun);
}

weir::app_options quickly_stopped(noted& seen) {
    auto o = on_kafka(seen);
    o.commit_interval = 1h;
    o.shutdown_timeout = limit;
    return o;
}

/// The broker hangs, or is killed.
struct silence {
    explicit silence(bool k) : killed(k) { broker(killed ? "kill" : "hang"); }
    silence(const silence&) = delete;
    silence& operator=(const silence&) = delete;
    ~silence() { broker(killed ? "start" : "wake"); }
    bool killed;
};

bool has(const std::string& text, const std::string& part) { return text.find(part) != text.npos; }

/// The ledger's program, whose shutdown_timeout is short.
struct ledger {
    ledger() {
        ::setenv("LEDGER_ID", id.c_str(), 1);
        ::setenv("LEDGER_STOP_SECONDS", "1", 1);
        ::setenv("WEIR_BROKER", url().c_str(), 1);
        on.create(id + "-in", 1);
        on.create(id + "-out", 1);
        for (int i = 1; i <= 9; ++i)
            on.send(id + "-in", "a", "{\"account\":\"a\",\"n\":" + std::to_string(i) + '}');
        on.flush();
    }
    ~ledger() {
        ::unsetenv("WEIR_BROKER");
        ::unsetenv("LEDGER_STOP_SECONDS");
    }
    admin on{};
    const std::string id = fresh("ledger");
};

}  // namespace

TEST_CASE("kafka: a reader whose broker hangs or dies stops in time, and says what stays") {
    for (const bool killed : {false, true}) {
        CAPTURE(killed);
        noted seen;
        const auto in = fresh("in"), id = fresh("app");
        {
            admin on;
            on.create(in, 1);
            on.fill(in, 100);
        }
        weir::app app{id, quickly_stopped(seen)};
        app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
        running r{app};
        REQUIRE(until([&] { return seen.size() == 100; }));
        std::string said;
        {
            const silence s{killed};
            CHECK(time_of([&] { said = r.stop(); }) < most);
        }
        CAPTURE(said);
        CHECK(has(said, "the broker has not confirmed everything in shutdown_timeout, 1 s"));
        CHECK(has(said, "not committed: " + in + "[0] from 0 to 99"));
        CHECK_FALSE(has(said, "not delivered"));
        admin on;
        // one that wakes up may find the commit in its socket
        if (killed) CHECK(on.committed(id, in) == std::vector<weir::offset>{-1});
        // the process goes on: another run gets its partition, and commits
        on.fill(in, 10, 100);
        weir::app next{id, quickly_stopped(seen)};
        next.agent("a",
                   next.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
        running again{next};
        CHECK(until([&] { return seen.all().back() == "109"; }));
        CHECK(again.stop() == "");
        CHECK(on.committed(id, in) == on.ends(in));
    }
}

TEST_CASE("kafka: a sender whose broker hangs or dies stops in time, and says what is not there") {
    for (const bool killed : {false, true}) {
        CAPTURE(killed);
        noted seen;
        const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
        {
            admin on;
            on.create(in, 1);
            on.create(out, 1);
            on.fill(in, 20);
        }
        auto o = quickly_stopped(seen);
        o.kafka.clear();  // a session that lasts: the partition stays ours
        weir::app app{id, o};
        std::atomic<bool> silent = false;
        app.agent("a", app.topic<std::string>(in) | weir::tap([&](auto& v) {
                           if (v == "10") {  // what was read before is on its way or there
                               broker(killed ? "kill" : "hang");
                               silent = true;
                           }
                           seen.add(v);
                       }) | weir::to(app.topic<std::string>(out)));
        running r{app};
        REQUIRE(until([&] { return seen.size() == 20; }));
        std::string said;
        CHECK(time_of([&] { said = r.stop(); }) < most);
        broker(killed ? "start" : "wake");
        CAPTURE(said);
        CHECK(has(said, "not delivered: "));
        CHECK(has(said, "not committed: " + in + "[0] from 0 to 19"));
    }
}

TEST_CASE("kafka: a program that is asked to stop while the broker hangs ends with exit code 1") {
    ledger l;
    ::setenv("LEDGER_COMMIT_SECONDS", "3600", 1);  // what it has read is not committed
    process p{
        {"run", "--output", (l.id + "-out").c_str()}, WEIR_LEDGER_PROGRAM, process::errors::apart};
    ::unsetenv("LEDGER_COMMIT_SECONDS");
    const auto last = p.read_to("{\"account\":\"a\",\"n\":9}");
    REQUIRE(has(last, "\"n\":9}"));
    const silence s{false};
    int code = 0;
    CHECK(time_of([&] {
              p.signal(SIGTERM);
              code = p.wait();
          }) < most);
    const auto errors = p.read_errors();
    CAPTURE(errors);
    CHECK(code == 1);
    const auto line = errors.rfind("the broker has not confirmed everything");
    REQUIRE(line != errors.npos);
    CHECK(has(errors, "; not committed: " + l.id));
    CHECK(errors.find('\n', line) == errors.size() - 1);  // the last one
}

TEST_CASE("kafka: what only prints a topic stops in time while the broker hangs") {
    ledger l;
    process p{
        {"run", "--output", (l.id + "-in").c_str()}, WEIR_LEDGER_PROGRAM, process::errors::apart};
    p.read_to("{\"account\":\"a\",\"n\":9}");
    const silence s{false};
    CHECK(time_of([&] {
              p.signal(SIGTERM);
              p.wait();
          }) < most);
}

TEST_CASE("kafka: prog send ends in time while the broker hangs, and says so") {
    ledger l;
    const silence s{false};
    process p{{"send", (l.id + "-in").c_str(), "{\"account\":\"a\",\"n\":1}", "--set",
               "socket.timeout.ms=60000"},
              WEIR_LEDGER_PROGRAM};
    int code = 0;
    CHECK(time_of([&] { code = p.wait(); }) < 10s + most);  // connect_timeout
    CHECK(code != 0);
    CHECK(has(p.read_rest(), "no answer from kafka://"));
}

TEST_CASE("kafka: input that the broker has not confirmed is told, in time") {
    ledger l;
    process p{
        {"run", "--input", (l.id + "-in=-").c_str()}, WEIR_LEDGER_PROGRAM, process::errors::apart};
    REQUIRE(until([&] { return l.on.committed(l.id, l.id + "-in") == l.on.ends(l.id + "-in"); }));
    const silence s{false};
    std::string lines;  // more than a pipe holds: some are sent when all are written
    for (int i = 0; i < 8000; ++i) lines += "{\"account\":\"a\",\"n\":21}\n";
    p.write(lines);
    int code = 0;
    CHECK(time_of([&] {
              p.signal(SIGTERM);
              code = p.wait();
          }) < most);
    CHECK(code == 1);
    CHECK(has(p.read_errors(), "of its messages"));
}

TEST_CASE("kafka: an app that starts while the broker hangs can be stopped at once") {
    noted seen;
    const silence s{false};
    auto o = quickly_stopped(seen);
    o.connect_timeout = weir::duration::max();
    weir::app app{fresh("app"), o};
    app.agent("a", app.topic("t") | weir::for_each([](auto&) {}));
    running r{app};
    CHECK(until([&] { return seen.said("weir goes on trying"); }));
    std::string said;
    CHECK(time_of([&] { said = r.stop(); }) < most);
    CHECK(said == "");
}
