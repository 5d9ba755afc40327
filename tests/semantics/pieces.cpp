// SPDX-License-Identifier: Apache-2.0
// A message with so many values that they are passed on in pieces: what is committed, and what
// becomes of the rest.
#include <algorithm>
#include <functional>
#include <ranges>
#include <stdexcept>
#include <string>
#include <vector>

#include "driven.hpp"

namespace {

const auto count_to = [](int n) { return std::views::iota(0, n); };
trace up_to(int n) {
    trace all;
    for (int i = 0; i < n; ++i) all.push_back(i);
    return all;
}

/// Calls that wait until they may go on.
struct calls {
    bool open = false;
    int begun = 0;
    auto one() {
        return [this](int i) -> weir::task<int> {
            ++begun;
            while (!open) co_await weir::sleep(1s);
            co_return i;
        };
    }
};

}  // namespace

TEST_CASE("semantics 31: a message of many values does not overrun the operator behind it") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    batches got;
    std::size_t made = 0, most = 0;
    const auto counted = [&](int n) {
        return std::views::iota(0, n) | std::views::transform([&](int i) {
                   ++made;
                   return i;
               });
    };
    app.agent("a",
              in | weir::flat_map(counted) | weir::take(500) | weir::for_each([&](const auto& b) {
                  most = std::max(most, made - 500 * got.size());
                  got.push_back(b.values());
              }));
    test_driver test{app};
    test.send(in, "k", 5000);
    trace all;
    for (auto& b : got) all.insert(all.end(), b.begin(), b.end());
    CHECK(all == up_to(5000));
    CHECK(most <= 1024 + 500);  // one piece, and what was left of the one before
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a message of many values is committed when the last of them is done") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    calls later;
    int done = 0;
    app.agent("a", in | weir::flat_map(count_to) | weir::map(later.one(), {.concurrency = 10}) |
                       weir::for_each([&](int) { ++done; }));
    test_driver test{app};
    test.send(in, "k", 3000);
    CHECK(later.begun == 10);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    const auto why = app.explain("in", 0);
    REQUIRE(why.has_value());
    CHECK(why->offset == 0);
    later.open = true;
    test.advance(1s);
    CHECK(done == 3000);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("while a message's values wait for room, other agents go on, and its own waits") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in", {.partitions = 2});
    calls later;
    trace others;
    app.agent("a", in | weir::flat_map(count_to) | weir::map(later.one()));
    app.agent("b", in | weir::for_each([&](int i) { others.push_back(i); }));
    test_driver test{app};
    test.send(in, "k", 3000, {.partition = 0});
    test.send(in, "k", 1, {.partition = 1});
    CHECK(others == trace{3000, 1});
    CHECK(later.begun == 1);
    CHECK(app.explain("in", 1).has_value());
}

TEST_CASE("a failure in a later piece: what was sent before stays, and comes again with a retry; "
          "the state of operators is taken back") {
    silent quiet;
    weir::app app{"pieces", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    auto out = app.topic<int>("out");
    bool fails = true;
    app.agent("a",
              in | weir::flat_map(count_to) | weir::scan(0, [](int n, int) { return n + 1; }) |
                  weir::tap([&](int n) {
                      if (n == 2500 && std::exchange(fails, false))
                          throw std::runtime_error{"not now"};
                  }) |
                  weir::to(out),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    test.send(in, "k", 3000);
    CHECK(test.values(out).size() == 2048);
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    test.advance(1s);
    const auto sent = test.values(out);
    REQUIRE(sent.size() == 2048 + 3000);
    CHECK(sent[2047] == 2048);
    CHECK(sent[2048] == 1);  // the state began again
    CHECK(sent.back() == 3000);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a failure in a later piece that is skipped acknowledges the message") {
    silent quiet;
    weir::app app{"pieces", {.hooks = &quiet}};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::flat_map(count_to) | weir::for_each([&](int i) {
                       if (i == 2500) throw std::runtime_error{"here"};
                       seen.push_back(i);
                   }));
    test_driver test{app};
    test.send(in, "k", 3000);
    test.send(in, "k", 2);
    auto all = up_to(2500);
    all.insert(all.end(), {0, 1});
    CHECK(seen == all);
    CHECK(test.errors().size() == 1);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("a partition that is lost between two pieces: no more of its message is passed on") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    calls later;
    int made = 0;
    const auto makes = [&](int n) {
        ++made;
        return std::views::iota(0, n);
    };
    trace done;
    SUBCASE("of a topic") {
        app.agent("a", in | weir::flat_map(makes) | weir::map(later.one()) |
                           weir::for_each([&](int i) { done.push_back(i); }));
    }
    SUBCASE("of a batch") {
        const auto of_batch = [&](const weir::batch<int>& b) { return makes(b[0]); };
        app.agent("a", in | weir::take(1) | weir::flat_map(of_batch) | weir::map(later.one()) |
                           weir::for_each([&](int i) { done.push_back(i); }));
    }
    test_driver test{app};
    test.send(in, "k", 2000);
    CHECK(later.begun == 1);
    test.lose(in, 0);
    later.open = true;
    test.advance(2s);
    CHECK(made == 1);
    CHECK(done.empty());
    test.assign(in, 0);
    CHECK(made == 2);
    CHECK(done == up_to(2000));
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a batch of two partitions goes on when one of them is lost between two pieces") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in", {.partitions = 2});
    calls later;
    trace done;
    const auto of_batch = [](const weir::batch<int>& b) { return count_to(b[0]); };
    app.agent("a", in | weir::take(2) | weir::flat_map(of_batch) | weir::map(later.one()) |
                       weir::for_each([&](int i) { done.push_back(i); }));
    test_driver test{app};
    test.send(in, "k", 2000, {.partition = 0});
    test.send(in, "k", 2000, {.partition = 1});
    test.lose(in, 0);
    later.open = true;
    test.advance(1s);
    CHECK(done == up_to(2000));
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    CHECK(test.committed(in, 1) == 1);
}

TEST_CASE("behind a boundary a value stays where it is while more of it comes") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    calls later;
    trace done;
    const auto add = [&](auto lists) {
        app.agent("a", lists | weir::flat_map(std::identity{}) | weir::map(later.one()) |
                           weir::for_each([&](int i) { done.push_back(i); }));
    };
    SUBCASE("behind a call") {
        const auto list = [](int n) -> weir::task<trace> { co_return trace(1500, n); };
        add(in | weir::map(list));
    }
    SUBCASE("behind take") {
        const auto list = [](int n) { return trace(1500, n); };
        add(in | weir::flat_map(list) | weir::take(1200, 1s));
    }
    test_driver test{app};
    for (int i = 1; i < 9; ++i) test.send(in, "k", i);
    CHECK(later.begun == 1);
    test.advance(2s);
    later.open = true;
    test.advance(1s);
    test.stop();
    trace all;
    for (int i = 1; i < 9; ++i) all.insert(all.end(), 1500, i);
    CHECK(done == all);
    CHECK(test.committed(in, 0) == 8);
}

TEST_CASE("semantics 24: a partition is given up when the rest of its message is done") {
    weir::app app{"pieces", {.commit_interval = 1h, .drain_timeout = 10s}};
    auto in = app.topic<int>("in");
    calls later;
    app.agent("a", in | weir::flat_map(count_to) | weir::map(later.one(), {.concurrency = 100}));
    test_driver test{app};
    test.send(in, "k", 2000);
    test.append(in, "k", 2000);
    test.revoke(in, 0);
    SUBCASE("in time") {
        test.advance(1s);
        later.open = true;
        test.advance(1s);
        CHECK(test.committed(in, 0) == 1);
    }
    SUBCASE("too late") {
        test.advance(13s);
        CHECK(test.committed(in, 0) == nothing);
    }
    CHECK(later.begun <= 2000);
    test.assign(in, 0);
    later.open = true;
    test.advance(2s);
    test.commit();
    CHECK(test.committed(in, 0) == 2);
}

TEST_CASE("semantics 28: stop() finishes the rest of a message, unless shutdown_timeout is over") {
    weir::app app{"pieces", {.shutdown_timeout = 10s}};
    auto in = app.topic<int>("in");
    bool ends = false;
    int done = 0;
    const auto call = [&](int i) -> weir::task<int> {
        co_await weir::sleep(ends ? 1ms : 1h);
        co_return i;
    };
    app.agent("a", in | weir::flat_map(count_to) | weir::map(call, {.concurrency = 100}) |
                       weir::for_each([&](int) { ++done; }));
    test_driver test{app};
    SUBCASE("in time") {
        ends = true;
        test.append(in, "k", 2000);
        test.append(in, "k", 2000);
        test.run();
        test.stop();
        CHECK(done == 2000);
        CHECK(test.committed(in, 0) == 1);
    }
    SUBCASE("too late") {
        test.send(in, "k", 2000);
        test.stop();
        CHECK(done == 0);
        CHECK(test.committed(in, 0) == nothing);
    }
}

TEST_CASE("a pull loop gets a message's values in pieces, and is left between them") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    test_driver test{app};
    test.append(in, "k", 3000);
    trace seen;
    const auto s = app.stream(in) | weir::flat_map(count_to);
    for (int i : s) {
        seen.push_back(i);
        if (i == 1023) break;  // a piece's last value
    }
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    for (int i : s) {
        seen.push_back(i);
        if (i == 1500) break;
    }
    test.commit();
    CHECK(test.committed(in, 0) == nothing);
    for (int i : s) seen.push_back(i);
    CHECK(seen == up_to(3000));
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a coroutine gets a message's values in pieces") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    trace seen;
    app.agent("a", in | weir::flat_map(count_to), [&](auto stream) -> weir::task<> {
        while (auto i = co_await stream.next()) {
            if (*i % 1000 == 0) co_await weir::sleep(1s);
            seen.push_back(*i);
        }
    });
    test_driver test{app};
    test.send(in, "k", 3000);
    test.advance(2s);
    test.commit();
    CHECK(seen == up_to(2000));
    CHECK(test.committed(in, 0) == nothing);
    test.advance(1s);
    CHECK(seen == up_to(3000));
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("branches of a merge and an erased stream push in pieces, too") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    auto other = app.topic<int>("other");
    calls later;
    trace done;
    const auto add = [&](auto merged) {
        app.agent("a", merged | weir::map(later.one()) |
                           weir::for_each([&](int i) { done.push_back(i); }));
    };
    SUBCASE("in a branch") { add((in | weir::flat_map(count_to)) & other); }
    SUBCASE("behind a merge") {
        add((in & (other | weir::filter([](int) { return true; }))) | weir::flat_map(count_to));
    }
    SUBCASE("erased") { add(in | weir::erase() | weir::flat_map(count_to)); }
    test_driver test{app};
    test.send(in, "k", 2000);
    test.send(other, "k", 0);
    CHECK(later.begun == 1);
    later.open = true;
    test.advance(1s);
    done.resize(std::min<std::size_t>(done.size(), 2000));
    CHECK(done == up_to(2000));
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("semantics 10: events of a message that are all acknowledged do not acknowledge it while "
          "more come") {
    weir::app app{"pieces"};
    auto in = app.topic<int>("in");
    calls later;
    std::vector<weir::event<weir::bytes, int>> first;
    const auto keep_first = [&](const auto& e) {
        if (first.size() < 1024) first.push_back(e);
    };
    const auto add = [&](auto values) {
        app.agent("a", values | weir::events() | weir::tap(keep_first) |
                           weir::map([](const auto& e) { return e.value(); }) |
                           weir::map(later.one(), {.concurrency = 10}));
    };
    SUBCASE("of a topic") { add(in | weir::flat_map(count_to)); }
    SUBCASE("behind a boundary") {
        const auto at_once = [](int i) -> weir::task<int> { co_return i; };
        add(in | weir::map(at_once) | weir::flat_map(count_to));
    }
    test_driver test{app};
    test.send(in, "k", 3000);
    CHECK(later.begun == 10);
    CHECK(first.size() == 1024);
    for (auto& e : first) e.ack();
    for (int i = 0; i < 3; ++i) {
        test.run();
        test.commit();
        CHECK(test.committed(in, 0) == nothing);
        test.advance(1s);
    }
    later.open = true;
    test.advance(1s);
    test.commit();
    CHECK(test.committed(in, 0) == 1);
}

TEST_CASE("a large batch is taken apart in pieces, each value with its own message") {
    weir::app app{"pieces"};
    auto keyed = app.topic<std::string, int>("keyed");
    auto out = app.topic<std::string, int>("out");
    app.agent("a", keyed | weir::take(3000) | weir::flat_map(std::identity{}) | weir::to(out));
    test_driver test{app};
    for (int i = 0; i < 3000; ++i) test.append(keyed, std::to_string(i), i);
    test.run();
    const auto sent = test.items(out);
    REQUIRE(sent.size() == 3000);
    CHECK(sent[2999] == std::pair<std::string, int>{"2999", 2999});
    test.commit();
    CHECK(test.committed(keyed, 0) == 3000);
}
