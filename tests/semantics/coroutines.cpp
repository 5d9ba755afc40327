// SPDX-License-Identifier: Apache-2.0
// Agents that are coroutines: what is acknowledged when, what becomes of one that throws, returns,
// or keeps a value of a partition that goes.
#include <memory>
#include <stdexcept>
#include <string>

#include "driven.hpp"

namespace {

/// Beyond the small-string size, so that a sanitizer sees who looks at it too long.
std::string text(int n) { return "a value that lives on the heap, number " + std::to_string(n); }

/// Says when it goes.
struct guard {
    texts* log;
    std::string name;
    guard(texts& l, std::string n) : log(&l), name(std::move(n)) {}
    guard(const guard&) = delete;
    guard& operator=(const guard&) = delete;
    ~guard() { log->push_back(name); }
};

}  // namespace

TEST_CASE("semantics 46: a coroutine agent reads its stream; asking for the next acknowledges") {
    weir::app app{"co"};
    auto in = app.topic<std::string>("in");
    texts seen;
    app.agent("a", in | weir::filter([](const std::string& s) { return s != text(1); }),
              [&](auto stream) -> weir::task<> {
                  while (auto v = co_await stream.next()) seen.push_back(*v);
              });
    test_driver test{app};
    for (int n = 0; n < 4; ++n) test.append(in, "k", text(n));
    test.run();
    CHECK(seen == texts{text(0), text(2), text(3)});
    CHECK(test.held(in, 0) == 0);
    test.commit();
    CHECK(test.committed(in, 0) == 4);
}

TEST_CASE("semantics 46: what a coroutine works on stays uncommitted, and is not held") {
    weir::app app{"co"};
    auto in = app.topic<std::string>("in");
    texts seen;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(1s);
            seen.push_back(*v);
            CHECK(v->size() > 20);
        }
    });
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", text(n));
    test.run();
    test.commit();
    CHECK(test.held(in, 0) == 0);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(1s);
    test.commit();
    CHECK(seen == texts{text(0)});
    CHECK(test.committed(in, 0) == 1);
    test.advance(2s);
    test.commit();
    CHECK(seen == texts{text(0), text(1), text(2)});
    CHECK(test.committed(in, 0) == 3);
}

TEST_CASE("semantics 46: a value that borrows its message's bytes stays while it is worked on") {
    weir::app app{"co"};
    auto in = app.topic<weir::bytes_view>("in");
    texts seen;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(1s);
            seen.emplace_back(v->view());
        }
    });
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append_raw(in, "k", text(n));
    test.run();
    test.advance(3s);
    CHECK(seen == texts{text(0), text(1), text(2)});
}

TEST_CASE("semantics 46: a coroutine agent that throws is started again on the same stream once "
          "its policy has dealt with the message") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    int starts = 0;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        ++starts;
        while (auto v = co_await stream.next()) {
            if (*v == 1) throw std::runtime_error{"one"};
            if (*v == 3) {
                co_await weir::sleep(1s);
                throw std::runtime_error{"three, later"};
            }
            seen.push_back(*v);
        }
    });
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == trace{0, 2});
    CHECK(starts == 2);
    test.advance(1s);
    CHECK(seen == trace{0, 2, 4});
    CHECK(starts == 3);
    REQUIRE(test.errors().size() == 2);
    CHECK(test.errors()[0].offset == 1);
    CHECK(test.errors()[1].text == "three, later");
    CHECK(test.errors()[1].offset == 3);
    test.commit();
    CHECK(test.committed(in, 0) == 5);
}

TEST_CASE("semantics 46: under retry a coroutine agent gets the message again") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<int>("in", {.partitions = 2});
    trace seen, begun;
    app.agent("a", in,
              [&](auto stream) -> weir::task<> {
                  while (auto v = co_await stream.next()) {
                      begun.push_back(*v);
                      if (*v == 1) co_await weir::sleep(1s);
                      if (*v == 1 && begun.size() < 6) throw std::runtime_error{"not yet"};
                      seen.push_back(*v);
                  }
              },
              {.on_error = weir::retry(2, 10s)});
    test_driver test{app};
    for (int n = 0; n < 3; ++n) {
        test.append(in, "k", n, {.partition = 0});
        test.append(in, "k", 10 + n, {.partition = 1});
    }
    test.run();
    test.advance(1s);
    CHECK(test.errors().empty());
    CHECK(test.committed(in, 0) != 2);
    test.advance(60s);
    CHECK(seen == trace{10, 11, 12, 0, 1, 2});
    CHECK(test.errors().empty());
    CHECK(test.running());
}

TEST_CASE("semantics 46: a coroutine agent that fails by policy stop ends the app with its error") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    int starts = 0;
    app.agent("a", in,
              [&](auto stream) -> weir::task<> {
                  ++starts;
                  while (auto v = co_await stream.next()) {
                      co_await weir::sleep(1s);
                      if (*v == 1) throw std::runtime_error{"one"};
                  }
              },
              {.on_error = weir::stop});
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    test.advance(5s);
    CHECK_FALSE(test.running());
    CHECK(test.exit_code() == weir::exit_code::failed);
    CHECK(test.committed(in, 0) == 1);
    CHECK(starts == 1);
}

TEST_CASE("semantics 46: co_return ends the agent like leaving the loop; its messages stay") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    trace seen;
    int starts = 0;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        ++starts;
        while (auto v = co_await stream.next()) {
            seen.push_back(*v);
            if (*v == 2) co_return;
        }
    });
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    test.commit();
    CHECK(seen == trace{0, 1, 2});
    CHECK(test.committed(in, 0) == 3);  // what it had is acknowledged, as by `break`
    CHECK(test.running());
    test.restart();  // the agent begins anew, with what it left
    CHECK(seen == trace{0, 1, 2, 3, 4});
    CHECK(starts == 2);
}

TEST_CASE("semantics 46: co_return after an await acknowledges the value it has, too") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    app.agent("a", in, [](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(1s);
            if (*v == 1) co_return;
        }
    });
    test_driver test{app};
    for (int n = 0; n < 5; ++n) test.append(in, "k", n);
    test.run();
    test.advance(10s);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
    test.stop();  // it is not waited for
    CHECK(test.exit_code() == weir::exit_code::ok);
}

TEST_CASE("semantics 46: several values of one message are acknowledged with the last of them") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    trace seen;
    const auto thrice = [](int n) { return trace{n, n + 100, n + 200}; };
    app.agent("a", in | weir::flat_map(thrice), [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            seen.push_back(*v);
            if (*v == 101) co_await weir::sleep(1s);
            if (*v == 201) co_return;
        }
    });
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    test.commit();
    CHECK(seen == trace{0, 100, 200, 1, 101});
    CHECK(test.committed(in, 0) == 1);
    test.advance(1s);
    test.commit();
    CHECK(seen == trace{0, 100, 200, 1, 101, 201});
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 46: a message whose values a coroutine left unread is not acknowledged") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    const auto thrice = [](int n) { return trace{n, n + 100, n + 200}; };
    app.agent("a", in | weir::flat_map(thrice), [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next())
            if (*v == 101) co_return;
    });
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    test.commit();
    CHECK(test.committed(in, 0) == 1);
    test.stop();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("semantics 46: batches are read by a coroutine, and let go with the next()") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    std::vector<trace> seen;
    app.agent("a", in | weir::take(2, 10s), [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            seen.push_back(v->values());
            if (v->size() == 2) co_await weir::sleep(1s);
        }
    });
    test_driver test{app};
    for (int n = 0; n < 3; ++n) test.append(in, "k", n);
    test.run();
    CHECK(test.held(in, 0) == 2);
    test.advance(1s);
    CHECK(test.held(in, 0) == 1);  // the third waits for company
    test.advance(10s);
    CHECK(seen == std::vector<trace>{{0, 1}, {2}});
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("semantics 46: one that throws before its first value ends the app: nobody is skipped") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in, [](auto stream) -> weir::task<> {
        throw std::runtime_error{"no database"};
        co_await stream.next();
    });
    test_driver test{app};
    test.send(in, "k", 1);
    CHECK_FALSE(test.running());
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].text == "no database");
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("semantics 28: at stop a coroutine finishes what it has, gets the end, cleans up") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    texts log;
    app.agent("a", in | weir::take(2), [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(1s);
            log.push_back("batch of " + std::to_string(v->size()));
        }
        co_await weir::sleep(1s);
        log.push_back("the end");
    });
    test_driver test{app};
    test.append(in, "k", 0);
    test.append(in, "k", 1);
    test.run();
    test.advance(1s);
    test.send(in, "k", 2);
    test.stop();
    CHECK(log == texts{"batch of 2", "batch of 1", "the end"});
    CHECK(test.committed(in, 0) == 3);
    CHECK(test.exit_code() == weir::exit_code::ok);
}

TEST_CASE("semantics 28: after shutdown_timeout a coroutine is cancelled, and its locals go") {
    weir::app app{"co", {.shutdown_timeout = 5s}};
    auto in = app.topic<std::string>("in");
    texts log;
    const auto deep = [&](const std::string& s) -> weir::task<> {
        guard inner{log, "inner"};
        co_await weir::sleep(1h);
        log.push_back(s);
    };
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        guard outer{log, "outer"};
        while (auto v = co_await stream.next()) co_await deep(*v);
    });
    test_driver test{app};
    test.send(in, "k", text(1));
    test.stop();
    CHECK(log == texts{"inner", "outer"});
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("a coroutine that reads a finite source gets its end, and the app ends with it") {
    weir::app app{"co"};
    trace seen;
    bool end = false;
    app.agent("a", weir::from(trace{1, 2, 3}), [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) seen.push_back(*v);
        end = true;
    });
    app.run();
    CHECK(seen == trace{1, 2, 3});
    CHECK(end);
}

TEST_CASE("run returns when every coroutine agent has returned") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    app.agent("a", in, [](auto) -> weir::task<> { co_return; });
    app.run();
    CHECK(app.partitions().size() == 1);
}

TEST_CASE("semantics 24: a coroutine that keeps a revoked partition's value is awaited") {
    weir::app app{"co", {.drain_timeout = 10s}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(5s);
            seen.push_back(*v);
        }
    });
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.revoke(in, 0);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(5s);
    CHECK(test.committed(in, 0) == 1);
    CHECK(seen == trace{1});
    test.advance(60s);
    CHECK(seen == trace{1});
}

TEST_CASE("semantics 24: after drain_timeout a coroutine goes on with a value that is no longer "
          "ours, in memory that stays; then it gets the next one") {
    weir::app app{"co", {.drain_timeout = 10s}};
    auto in = app.topic<weir::bytes_view>("in", {.partitions = 2});
    texts seen;
    int starts = 0;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        ++starts;
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(60s);
            seen.emplace_back(v->view());
        }
    });
    test_driver test{app};
    test.append_raw(in, "k", text(1), {.partition = 0});
    test.run();
    test.append_raw(in, "k", text(10), {.partition = 1});
    test.append_raw(in, "k", text(11), {.partition = 1});
    test.run();
    test.revoke(in, 0);
    test.advance(10s);
    CHECK(test.committed(in, 0) == nothing);
    test.advance(50s);
    CHECK(seen == texts{text(1)});
    test.advance(60s);
    test.commit();
    CHECK(seen == texts{text(1), text(10)});
    CHECK(test.committed(in, 0) == nothing);
    CHECK(test.committed(in, 1) == 1);
    CHECK(starts == 1);
    test.assign(in, 0);
    test.advance(10min);
    CHECK(seen == texts{text(1), text(10), text(11), text(1)});
}

TEST_CASE("semantics 24: a lost value of its own is kept for the coroutine, too; what it throws at "
          "it is nobody's") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<std::string>("in", {.partitions = 2});
    texts seen;
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        while (auto v = co_await stream.next()) {
            co_await weir::sleep(60s);
            seen.push_back(*v);
            if (*v == text(1)) throw std::runtime_error{"lost"};
        }
    });
    test_driver test{app};
    test.send(in, "k", text(1), {.partition = 0});
    test.send(in, "k", text(10), {.partition = 1});
    test.lose(in, 0);
    test.lose(in, 1);  // it waits behind the one that is worked on
    test.assign(in, 1);
    test.advance(3min);
    CHECK(seen == texts{text(1), text(10)});
    CHECK(test.errors().empty());
    CHECK(test.running());
    test.commit();
    CHECK(test.committed(in, 1) == 1);
    CHECK(test.committed(in, 0) == nothing);
}

TEST_CASE("the coroutine's callable lives in the agent; each run has its own") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    texts log;
    {
        const auto shared = std::make_shared<std::string>(text(7));
        app.agent("a", in, [&log, shared, n = 0](auto stream) mutable -> weir::task<> {
            while (auto v = co_await stream.next()) {
                co_await weir::sleep(1s);
                log.push_back(*shared + " " + std::to_string(++n));
            }
        });
    }
    test_driver test{app};
    test.append(in, "k", 1);
    test.append(in, "k", 2);
    test.run();
    test.advance(10s);
    test.restart();
    test.send(in, "k", 3);
    test.advance(10s);
    CHECK(log == texts{text(7) + " 1", text(7) + " 2", text(7) + " 1"});
}

TEST_CASE("a task that a coroutine agent calls may read the stream for it") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    trace seen;
    const auto sum_of_two = [](auto& stream) -> weir::task<int> {
        int sum = 0;
        for (int i = 0; i < 2; ++i)
            if (auto v = co_await stream.next()) sum += *v;
        co_return sum;
    };
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        for (int i = 0; i < 2; ++i) seen.push_back(co_await sum_of_two(stream));
    });
    test_driver test{app};
    for (int n = 1; n < 6; ++n) test.append(in, "k", n);
    test.run();
    CHECK(seen == trace{3, 7});
}

TEST_CASE("two that await next() of one stream at a time: the second is told") {
    silent quiet;
    weir::app app{"co", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    app.agent("a", in, [&](auto stream) -> weir::task<> {
        app.task(
            [stream]() mutable -> weir::task<> {
                co_await weir::sleep(1s);
                co_await stream.next();
            },
            {.on_error = weir::skip});
        co_await stream.next();
    });
    test_driver test{app};
    test.run();
    test.advance(1s);
    REQUIRE(test.errors().size() == 1);
    CHECK(test.errors()[0].text == "weir: next() is awaited already: one coroutine reads a stream");
}

TEST_CASE("a coroutine agent is drawn as such") {
    weir::app app{"co"};
    auto in = app.topic<int>("in");
    app.agent("a", in, [](auto stream) -> weir::task<> { co_await stream.next(); });
    CHECK(app.graph().text() == "agent a\n  topic in : int\n  | coroutine\n");
}
