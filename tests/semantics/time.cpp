// SPDX-License-Identifier: Apache-2.0
// The time of a message: its timestamp, or what the topic's `.time(f)` takes from the value.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include <weir/state/shard_of.hpp>

#include "../driven.hpp"

using weir::timestamp;

namespace {

using times = std::vector<timestamp>;

struct view {
    std::string page;
    timestamp at;
    std::int64_t ms = 0;
};
view seen_at(timestamp t, std::string page = "home") {
    return {std::move(page), t, t.time_since_epoch().count()};
}
timestamp time_of(const view& v) { return v.at; }

constexpr timestamp t1{1000ms}, t2{2000ms}, own{7ms};

times sent_at(test_driver& test, const std::string& topic) {
    times all;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(topic)))
        all.push_back(e.timestamp());
    return all;
}

/// The stream, with each message's time noted.
template <class Stream>
auto noted(Stream of, times& into) {
    return std::move(of) | weir::events() |
           weir::for_each([&](auto& e) { into.push_back(e.timestamp()); });
}

/// The times that an agent sees of a topic which has two messages, with `.time(f)`.
template <class F>
times taken_by(F f) {
    times all;
    weir::app app{"a"};
    auto in = app.topic<std::string, view>("in").time(f);
    app.agent("look", noted(in, all));
    test_driver test{app};
    for (auto t : {t2, t1}) test.send(in, "k", seen_at(t), {.timestamp = own});
    return all;
}

/// An operator that depends on the time.
struct needs_time_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    std::string describe() const { return "needs_time"; }
    struct step {
        void operator()(weir::detail::context&, auto&& v, auto&& next) {
            next(std::forward<decltype(v)>(v));
        }
    };
    template <class K, class In>
    step make_step(weir::detail::plan& p) const {
        p.depends_on_time();
        return {};
    }
};

/// A topic of views that takes its time from them, an agent that notes them, and what it has seen.
struct viewed {
    silent quiet{};
    weir::app app;
    weir::topic<std::string, view> in;
    times seen{};

    explicit viewed(weir::app_options o = {})
        : app("a", with(std::move(o))), in(app.topic<std::string, view>("in").time(&view::at)) {
        app.agent("look", noted(in, seen));
    }

private:
    weir::app_options with(weir::app_options o) {
        o.hooks = &quiet;
        return o;
    }
};

}  // namespace

TEST_CASE("semantics 81: a field, a member function, a function or a lambda takes the time") {
    CHECK(taken_by(&view::at) == times{t2, t1});
    CHECK(taken_by(&view::ms) == times{t2, t1});
    CHECK(taken_by(time_of) == times{t2, t1});
    CHECK(taken_by([](const view& v) { return v.at + 1ms; }) == times{t2 + 1ms, t1 + 1ms});
    CHECK(taken_by([](const view& v) { return static_cast<std::uint64_t>(v.ms); }) ==
          times{t2, t1});
}

TEST_CASE("semantics 81: a finer time is rounded down, a coarser one is a whole one") {
    using std::chrono::nanoseconds, std::chrono::sys_seconds, std::chrono::system_clock;
    using fine = std::chrono::time_point<system_clock, nanoseconds>;
    CHECK(taken_by([](const view&) { return fine{1999'999ns}; }) ==
          times{timestamp{1ms}, timestamp{1ms}});
    CHECK(taken_by([](const view&) { return sys_seconds{3s}; }) ==
          times{timestamp{3s}, timestamp{3s}});
}

TEST_CASE("semantics 81: without .time a message has its own timestamp") {
    weir::app app{"a"};
    times seen;
    auto in = app.topic<std::string, view>("in");
    app.agent("look", noted(in, seen));
    test_driver test{app};
    test.send(in, "k", seen_at(t1), {.timestamp = own});
    CHECK(seen == times{own});
}

TEST_CASE("semantics 81: a null value has the message's own timestamp") {
    weir::app app{"a"};
    times seen;
    auto in = app.topic<std::string, std::optional<view>>("in").time(&view::at);
    app.agent("look", noted(in, seen));
    test_driver test{app};
    test.send(in, "k", seen_at(t1), {.timestamp = own});
    test.send(in, "k", std::nullopt, {.timestamp = own});
    CHECK(seen == times{t1, own});
}

TEST_CASE("semantics 81: what is made of a message keeps the time that was taken from it") {
    weir::app app{"a"};
    auto in = app.topic<std::string, view>("in").time(&view::at);
    const auto later = [](view v) -> weir::task<view> { co_return v; };
    times behind;
    app.agent("to", in | weir::to("to"));
    app.agent("echo", in | weir::echo("echo"));
    app.agent("through", in | weir::through("through") | weir::to("behind"));
    app.agent("group", noted(in | weir::group_by(&view::page), behind));
    app.agent("async", in | weir::map(later) | weir::to("async"));
    app.agent("apart", in | weir::take(2) | weir::flat_map(std::identity{}) | weir::to("apart"));
    app.agent("batch", in | weir::take(2) | weir::to("batch"));
    test_driver test{app};
    for (auto t : {t2, t1}) test.send(in, "k", seen_at(t), {.timestamp = own});
    for (auto* name : {"to", "echo", "through", "behind", "async", "apart"}) {
        CAPTURE(name);
        CHECK(sent_at(test, name) == times{t2, t1});
    }
    CHECK(behind == times{t2, t1});
    CHECK(sent_at(test, "batch") == times{t2});  // the newest of a batch
    CHECK(sent_at(test, "in") == times{own, own});
}

TEST_CASE("semantics 81: a table's rows and results have the time that was taken") {
    weir::app app{"a"};
    auto in = app.topic<std::string, view>("in").time(&view::at);
    auto n = app.table<std::string, std::int64_t>("n");
    app.agent("count", in | weir::count(n) | weir::to("results"));
    test_driver test{app};
    for (auto t : {t2, t1}) test.send(in, "k", seen_at(t), {.timestamp = own});
    CHECK(sent_at(test, "results") == times{t2, t2});  // the largest that went into it
    test.commit();
    const auto rows = sent_at(test, "a-n-changelog");
    CHECK(std::count(rows.begin(), rows.end(), t2) == 1);
}

TEST_CASE("semantics 81: a table that a topic fills has the time that was taken, restored or not") {
    weir::app app{"a"};
    auto in = app.topic<std::string, view>("in").time(&view::at);
    auto t = app.table(in);
    test_driver test{app};
    test.send(in, "k", seen_at(t1), {.timestamp = own});
    test.send(in, "k", std::nullopt, {.timestamp = own});
    test.send(in, "l", seen_at(t2), {.timestamp = own});
    CHECK(!t.contains("k"));
    const auto time_in_shard = [&] {
        auto& shards = static_cast<weir::detail::table_of<std::string, view>&>(t.info()).shards;
        return shards.at(0)->find("l")->time;
    };
    CHECK(time_in_shard() == t2);
    test.commit();
    test.restart();
    CHECK(time_in_shard() == t2);
}

TEST_CASE("semantics 81: several topics, and those that match a pattern, take their times, too") {
    weir::app app{"a"};
    times of_list, of_pattern;
    auto eu = app.topic<std::string, view>("views-eu");
    auto us = app.topic<std::string, view>("views-us");
    app.agent("list", noted(app.topics<std::string, view>({"views-eu", "views-us"}).time(&view::at),
                            of_list));
    app.agent("pattern",
              noted(app.topics<std::string, view>("^views-.*").time(&view::at), of_pattern));
    test_driver test{app};
    test.send(eu, "k", seen_at(t1), {.timestamp = own});
    test.send(us, "k", seen_at(t2), {.timestamp = own});
    CHECK(of_list == times{t1, t2});
    CHECK(of_pattern == times{t1, t2});
}

TEST_CASE("semantics 81: a time before 1970, or too far ahead, stops the app at its message") {
    for (const bool negative : {true, false}) {
        viewed v;
        test_driver test{v.app};
        const auto last = test.now() + 24h;
        test.send(v.in, "k", seen_at(timestamp{0ms}));
        test.send(v.in, "k", seen_at(last));
        CHECK(v.seen == times{timestamp{0ms}, last});
        test.send(v.in, "k", seen_at(negative ? timestamp{-1ms} : last + 1ms));
        CHECK(v.seen.size() == 2);
        CHECK(!test.running());
        REQUIRE(test.errors().size() == 1);
        CHECK(test.errors()[0].text ==
              (negative ? "time: -1 ms is negative: a time is not before 1970"
                        : "time: 2000-12-25T00:00:00.001Z is more than ahead_max = 24 h ahead of "
                          "the app's clock, 2000-12-24T00:00:00.000Z"));
        CHECK(test.committed(v.in, 0) == committed{2});
    }
}

TEST_CASE("semantics 81: a refused time is skipped, or becomes a dead letter, as the policy says") {
    viewed v{{.on_decode_error = weir::dead_letter("dead")}};
    weir::topic<std::string, view> skipping =
        v.app.topic<std::string, view>("skipping", {.on_decode_error = weir::skip});
    times others;
    v.app.agent("others", noted(skipping.time(&view::at), others));
    test_driver test{v.app};
    for (auto& topic : {v.in, skipping})
        for (auto t : {t1, timestamp{-5ms}, t2})
            test.send(topic, "k", seen_at(t), {.timestamp = own});
    CHECK(v.seen == times{t1, t2});
    CHECK(others == times{t1, t2});
    CHECK(sent_at(test, "dead") == times{own});  // as it came
    CHECK(v.app.counters().decode.dead_lettered == 1);
    CHECK(v.app.counters().decode.skipped == 1);
}

TEST_CASE("semantics 81: a time that was too far ahead is not any more when its retry comes") {
    viewed v{{.on_decode_error = weir::retry(1, 1h).then(weir::stop), .ahead_max = 10min}};
    test_driver test{v.app};
    const auto ahead = test.now() + 30min;
    test.send(v.in, "k", seen_at(ahead));
    CHECK(v.seen.empty());
    test.advance(1h);
    CHECK(v.seen == times{ahead});
}

TEST_CASE("semantics 81: what the function throws is a decode error of the message") {
    silent quiet;
    weir::app app{"a", {.on_decode_error = weir::skip, .hooks = &quiet}};
    times seen;
    auto in = app.topic<std::string, view>("in").time([](const view& v) {
        if (v.page.empty()) throw std::runtime_error{"no page, no time"};
        return v.at;
    });
    app.agent("look", noted(in, seen));
    test_driver test{app};
    test.send(in, "k", seen_at(t1, ""));
    test.send(in, "k", seen_at(t2));
    CHECK(seen == times{t2});
    REQUIRE(quiet.lines.size() == 1);
    CHECK(quiet.lines[0].find("time: no page, no time") != std::string::npos);
}

TEST_CASE("semantics 81: where nothing depends on the time, no timestamp is refused") {
    weir::app app{"a"};
    times seen;
    auto in = app.topic<std::string, view>("in");
    app.agent("look", noted(in, seen));
    test_driver test{app};
    const times odd{timestamp{-5ms}, timestamp::max()};
    for (auto t : odd) test.send(in, "k", {}, {.timestamp = t});
    CHECK(seen == odd);
}

TEST_CASE("semantics 81: an operator that depends on the time has timestamps checked where its "
          "agent reads, also before a group_by") {
    silent quiet;
    weir::app app{"a", {.on_decode_error = weir::skip, .hooks = &quiet}};
    times first, second, others;
    auto in = app.topic<std::string, view>("in");
    auto grouped = app.topic<std::string, view>("grouped");
    auto free = app.topic<std::string, view>("free");
    app.agent("direct", noted(in | needs_time_op{}, first));
    app.agent("behind", noted(grouped | weir::group_by(&view::page) | needs_time_op{}, second));
    app.agent("others", noted(free, others));  // another topic
    test_driver test{app};
    for (auto& topic : {in, grouped, free})
        for (auto t : {t1, timestamp{-5ms}, test.now() + 25h})
            test.send(topic, "k", seen_at(t1), {.timestamp = t});
    CHECK(first == times{t1});
    CHECK(second == times{t1});
    CHECK(others.size() == 3);
    CHECK(app.counters().decode.skipped == 4);
    CHECK(sent_at(test, "a-behind-page-repartition") == times{t1});
}

TEST_CASE("semantics 81: a topic takes its time in one way, whoever declares it") {
    weir::app app{"a"};
    auto in = app.topic<std::string, view>("in").time(&view::at);
    CHECK_NOTHROW(app.topic<std::string, view>("in").time(&view::at));
    CHECK_THROWS_WITH_AS(
        in.time(&view::ms),
        "weir: topic 'in' takes its time by two different functions: give .time(f) once; "
        "app.topic(name) is the same topic. Functions are known to be the same if they are one "
        "field, one function, or a lambda without captures that is written once",
        weir::setup_error);
    CHECK_THROWS_AS(in.time(time_of), weir::setup_error);
    const auto declare = [&](const std::string& name, int which) {
        return app.topic<view>(name).time([which](const view& v) { return v.ms + which; });
    };
    declare("captures", 1);
    CHECK_THROWS_AS(declare("captures", 1), weir::setup_error);
    const auto plain = [&] { app.topic<view>("plain").time([](const auto& v) { return v.at; }); };
    plain();
    CHECK_NOTHROW(plain());
    CHECK_THROWS_AS(app.topic<view>("plain").time([](const auto& v) { return v.at; }),
                    weir::setup_error);
}

TEST_CASE("semantics 81: a topic with .time is read with the type that it takes the time from") {
    weir::app app{"a"};
    app.topic<std::string, view>("in").time(&view::at);
    app.agent("same", app.topic<view>("in") | weir::for_each([](const view&) {}));
    app.agent("raw", app.topic("in") | weir::for_each([](const weir::bytes&) {}));
    CHECK_THROWS_WITH_AS(test_driver{app},
                         "weir: agent 'raw' reads topic 'in' with another value type than that of "
                         "its .time(f), so it would see other times than other agents: read it "
                         "with the type that f takes, or an optional of it",
                         weir::setup_error);
}

TEST_CASE("semantics 81: .time comes before the run; ahead_max is positive") {
    viewed v;
    auto late = v.app.topic<std::string, view>("late");
    v.app.agent("late", late | weir::for_each([](const view&) {}));
    {
        test_driver test{v.app};
        CHECK_THROWS_WITH_AS(late.time(&view::at),
                             "weir: topic 'late' is being read: give .time(f) before the app runs",
                             weir::setup_error);
        CHECK_NOTHROW(v.in.time(&view::at));
    }
    CHECK_NOTHROW(late.time(&view::at));
    CHECK_THROWS_WITH_AS((weir::app{"b", {.ahead_max = 0s}}),
                         "weir: app_options::ahead_max must be positive", weir::setup_error);
}
