// SPDX-License-Identifier: Apache-2.0
#include "../state/windowing.hpp"

#include <functional>

#include "state/changelog.hpp"

namespace {

using message = weir::event<string, int>;

/// `in | events | tap(a body) | timers | items | for_each`: "k 3 @10", the key, what the table has,
/// and the timer's time.
struct timed_app {
    silent hooks{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, weir::timed<int>> t;
    texts out{};
    std::function<void(const message&)> body{};
    std::function<void(const string&, int&)> on_time = [](const string&, int&) {};

    explicit timed_app(weir::app_options o = {}, weir::partition_id n = 1,
                       weir::timers_options timers = {})
        : app{"a", with(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = n})),
          t(app.table<string, weir::timed<int>>("t")) {
        app.agent("w", in | weir::events() | weir::tap([this](const message& e) {
                           if (body) body(e);
                       }) |
                           weir::timers<string>(
                               t,
                               [this](const string& k, int& v, auto& pass) {
                                   const auto time = pass.time();
                                   on_time(k, v);
                                   pass(k + ' ' + std::to_string(v) + " @" + ms(time));
                               },
                               timers) |
                           weir::for_each([this](const string& s) { out.push_back(s); }));
    }
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
    /// What this message brings about.
    texts send(test_driver& test, const string& key, int value, std::int64_t time) {
        out.clear();
        test.send(in, key, value, {.timestamp = at(time)});
        return out;
    }
};
/// Each message puts its value, and sets its key's timer so far ahead.
auto puts(timed_app& a, int ahead) {
    return [&a, ahead](const message& e) {
        a.t.put(e.key(), e.value());
        a.t.at(e.key(), e.timestamp() + ahead * 1ms);
    };
}

}  // namespace

TEST_CASE("semantics 91: a timer is fired once, when stream time has come there") {
    timed_app a;
    a.body = puts(a, 10);
    test_driver test{a.app};
    CHECK(a.send(test, "a", 1, 100) == texts{});
    CHECK(a.t.timer("a") == at(110));
    CHECK(a.send(test, "b", 2, 109) == texts{});
    CHECK(a.send(test, "c", 3, 110) == texts{"a 1 @110"});
    CHECK(!a.t.timer("a"));
    CHECK(a.send(test, "c", 3, 118) == texts{});
    CHECK(a.send(test, "d", 4, 119) == texts{"b 2 @119"});
    CHECK(a.t.size() == 4);  // the values stay
    CHECK(a.t.get("a") == 1);
}

TEST_CASE("semantics 91: a key has one timer: it is put off, brought forward and cancelled") {
    timed_app a;
    a.body = [&](const message& e) {
        if (e.value() == 0) a.t.cancel(e.key());
        else if (e.value() < 0) a.t.erase(e.key());
        else a.t.at(e.key(), at(e.value()));
    };
    test_driver test{a.app};
    a.send(test, "off", 50, 1);
    a.send(test, "off", 80, 2);
    a.send(test, "off", 70, 3);
    a.send(test, "early", 90, 4);
    a.send(test, "early", 20, 5);
    a.send(test, "none", 30, 6);
    a.send(test, "none", 0, 7);
    a.send(test, "gone", 30, 8);
    a.send(test, "gone", -1, 9);
    CHECK(a.send(test, "x", 1000, 69) == texts{"early 0 @20"});
    CHECK(a.send(test, "x", 1000, 70) == texts{"off 0 @70"});
    CHECK(a.send(test, "x", 1000, 999) == texts{});
    CHECK(a.send(test, "none", 1001, 1000) == texts{"x 0 @1000"});
    CHECK(a.send(test, "gone", 1002, 1001) == texts{"none 0 @1001"});
}

TEST_CASE("semantics 91: what is due together is fired by time, then by the key's bytes") {
    timed_app a;
    a.body = puts(a, 10);
    test_driver test{a.app};
    for (auto [k, t] : {std::pair{"b", 103}, {"c", 102}, {"a", 103}, {"d", 101}})
        a.send(test, k, 1, t);
    CHECK(a.send(test, "x", 2, 500) == texts{"d 1 @111", "c 1 @112", "a 1 @113", "b 1 @113"});
}

TEST_CASE("semantics 91: a message comes first, then what is due because of it") {
    timed_app a;
    a.body = [&](const message& e) {
        if (e.value() == 0) a.t.cancel(e.key());
        else a.t.at(e.key(), at(e.value()));
    };
    test_driver test{a.app};
    a.send(test, "a", 10, 1);
    CHECK(a.send(test, "a", 0, 50) == texts{});
    CHECK(a.send(test, "b", 20, 50) == texts{"b 0 @20"});  // it is due already
}

TEST_CASE("semantics 72: what a filter drops before timers moves the time, too") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t");
    texts out;
    app.agent("w", in | weir::events() | weir::tap([&](const message& e) {
                       if (e.value() > 0) t.at(e.key(), at(e.value()));
                   }) | weir::filter([](const message& e) { return e.value() > 0; }) |
                       weir::timers<string>(t, [](const string& k, int&, auto& pass) { pass(k); }) |
                       weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    test.send(in, "a", 10, {.timestamp = at(1)});
    test.send(in, "b", 0, {.timestamp = at(10)});
    CHECK(out == texts{"a"});
}

TEST_CASE("semantics 91: a timer's function sets timers: those that are due are fired behind it") {
    timed_app a;
    a.body = [&](const message& e) {
        if (e.key() == "tick") a.t.at("tick", e.timestamp() + 10ms);
    };
    a.on_time = [&](const string& k, int& n) {
        ++n;
        if (n < 5) a.t.at(k, at(100 + 10 * n + 10));
    };
    test_driver test{a.app};
    a.send(test, "tick", 0, 100);
    CHECK(a.send(test, "x", 0, 135) == texts{"tick 1 @110", "tick 2 @120", "tick 3 @130"});
    CHECK(a.send(test, "x", 0, 1000) == texts{"tick 4 @140", "tick 5 @150"});
    CHECK(!a.t.timer("tick"));
}

TEST_CASE("semantics 91: a timer's function may erase its key, and put off or cancel others") {
    timed_app a;
    a.body = [&](const message& e) { a.t.at(e.key(), e.timestamp() + 10ms); };
    a.on_time = [&](const string& k, int&) {
        if (k != "a") return;
        a.t.erase("a");
        a.t.cancel("b");
        a.t.at("c", at(5000));
        a.t.erase("d");
    };
    test_driver test{a.app};
    for (auto* k : {"d", "c", "b", "a", "e"}) a.send(test, k, 0, 100);
    CHECK(a.send(test, "x", 0, 1000) == texts{"a 0 @110", "e 0 @110"});
    CHECK(!a.t.contains("a"));
    CHECK(a.t.contains("b"));
    CHECK(!a.t.contains("d"));
    CHECK(a.send(test, "x", 0, 5000) == texts{"c 0 @5000"});
}

TEST_CASE("semantics 91: by the app's clock, whether messages come or not") {
    timed_app a;
    a.body = [&](const message& e) { a.t.after(e.key(), e.value() * 1s); };
    test_driver test{a.app};
    const auto now = test.now();
    a.send(test, "a", 10, 100);
    a.send(test, "b", 5, 101);
    a.out.clear();
    test.advance(4999ms);
    CHECK(a.out == texts{});
    test.advance(1ms);
    CHECK(a.out == texts{"b 0 @" + ms(now + 5s)});
    CHECK(a.send(test, "c", 100, 1'000'000) == texts{});  // stream time makes no difference
    a.out.clear();
    test.advance(20s);
    CHECK(a.out == texts{"a 0 @" + ms(now + 10s)});
    test.advance(1h);
    CHECK(a.out.size() == 2);
}

TEST_CASE("a timer of the clock that each message puts off costs no decision") {
    timed_app a;
    a.body = [&](const message& e) { a.t.after(e.key(), 10s); };
    test_driver test{a.app};
    const auto decisions = [&] {
        int n = 0;
        for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>("a-t-changelog")))
            n += e.key().view() == weir::detail::clock_key;
        return n;
    };
    for (int i = 0; i < 60; ++i) {
        a.send(test, "a", i, 100 + i);
        test.advance(1s);
    }
    CHECK(decisions() == 0);
    test.advance(10s);
    CHECK(a.out.size() == 1);
    CHECK(decisions() == 1);
}

TEST_CASE("semantics 91: calls that are under way are finished before the clock fires a timer") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t");
    texts out;
    const auto call = [](weir::item<string, int> i) -> weir::task<weir::item<string, int>> {
        if (i.value() > 0) co_await weir::sleep(i.value() * 1s);
        co_return i;
    };
    app.agent("w", in | weir::items() | weir::map(call) | weir::tap([&](auto& i) {
                       t.put(i.key(), i.value());
                       if (i.key() == "a") t.after("a", 3s);
                   }) | weir::timers<string>(t, [&](const string& k, int&, auto& pass) {
                       pass(k + (t.contains("b") ? " behind b" : " before b"));
                   }) | weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    test.send(in, "a", 0);
    test.send(in, "b", 5);
    test.advance(4s);
    test.append(in, "c", 0);  // is not read meanwhile
    test.run();
    CHECK(out == texts{});
    CHECK(!t.contains("c"));
    test.advance(1s);
    CHECK(out == texts{"a behind b"});
    CHECK(t.contains("c"));
}

TEST_CASE("semantics 91: the clock fires a timer again that its function sets") {
    timed_app a;
    a.body = [&](const message& e) { a.t.after(e.key(), 10s); };
    a.on_time = [&](const string& k, int& n) {
        if (++n < 4) a.t.after(k, 10s);
    };
    test_driver test{a.app};
    a.send(test, "a", 0, 100);
    test.advance(1min);
    CHECK(a.out.size() == 4);
    CHECK(a.t.get("a") == 4);
}

TEST_CASE("semantics 77: with .idle the clock moves stream time on where nothing comes") {
    timed_app a{{}, 1, {.idle = 30s}};
    a.body = puts(a, 10'000);
    test_driver test{a.app};
    a.send(test, "a", 1, 100);
    test.advance(39'999ms);
    CHECK(a.out == texts{});
    test.advance(1ms);
    CHECK(a.out == texts{"a 1 @10100"});
}

TEST_CASE("semantics 54: a message that fails has set no timer") {
    timed_app a{{.on_error = weir::skip}};
    a.body = [&](const message& e) {
        a.t.at(e.key(), at(10));
        if (e.value() == 0) throw std::runtime_error{"no"};
    };
    test_driver test{a.app};
    a.send(test, "a", 0, 1);
    a.send(test, "b", 1, 2);
    a.send(test, "b", 0, 3);  // the one before stays
    CHECK(a.send(test, "x", 1, 10) == texts{"b 0 @10", "x 0 @10"});
}

TEST_CASE("semantics 78: a timer's function that fails stops the app; it is due after a restart") {
    timed_app a;
    a.body = puts(a, 10);
    bool fails = true;
    a.on_time = [&](const string&, int& v) {
        v += 100;
        if (fails) throw std::runtime_error{"no"};
    };
    test_driver test{a.app};
    a.send(test, "a", 1, 100);
    test.commit();
    a.send(test, "b", 2, 200);
    CHECK(!test.running());
    REQUIRE(test.errors().size() == 1);
    CHECK(a.out == texts{});
    fails = false;
    test.restart();
    CHECK(a.out == texts{"a 101 @110"});
    CHECK(a.t.get("a") == 101);
    CHECK(a.t.get("b") == 2);
}

TEST_CASE("semantics 78: a timer that is skipped is lost alone; what its function did is undone") {
    timed_app a{{.on_error = weir::skip}};
    a.body = puts(a, 10);
    a.on_time = [&](const string& k, int& v) {
        v += 100;
        if (k == "a") throw std::runtime_error{"no"};
    };
    test_driver test{a.app};
    a.send(test, "a", 1, 100);
    a.send(test, "b", 2, 100);
    CHECK(a.send(test, "c", 3, 200) == texts{"b 102 @110"});
    CHECK(a.t.get("a") == 1);
    CHECK(a.t.get("c") == 3);
    CHECK(!a.t.timer("a"));
    CHECK(a.send(test, "x", 3, 200) == texts{});
    test.restart();
    CHECK(a.send(test, "x", 3, 205) == texts{});
    CHECK(a.t.get("a") == 1);
}

TEST_CASE("semantics 78: a timer's function is called again by the policy") {
    timed_app a{{.on_error = weir::retry(3, 1s)}};
    a.body = puts(a, 10);
    int fails = 2;
    a.on_time = [&](const string&, int& v) {
        ++v;
        if (fails > 0 && fails-- > 0) throw std::runtime_error{"no"};
    };
    test_driver test{a.app};
    a.send(test, "a", 1, 100);
    a.send(test, "b", 5, 200);
    test.advance(5s);
    CHECK(a.out == texts{"a 2 @110"});
}

TEST_CASE("semantics 78: a dead letter of a timer has its key and its time") {
    weir::app app{"a", {.on_error = weir::dead_letter("dead")}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t");
    app.agent("w", in | weir::items() | weir::tap([&](auto& i) { t.at(i.key(), at(i.value())); }) |
                       weir::timers<int>(t, [](const string& k, int&) {
                           if (k == "a") throw std::runtime_error{"no"};
                       }));
    test_driver test{app};
    test.send(in, "a", 7, {.timestamp = at(5)});
    test.send(in, "b", 9000, {.timestamp = at(50)});
    const auto dead = test.events(test.peek<string, string>("dead"));
    REQUIRE(dead.size() == 1);
    CHECK(dead[0].key() == "a");
    CHECK(dead[0].timestamp() == at(7));
    CHECK(dead[0].value().find("\"key\":\"a\"") != string::npos);
}

TEST_CASE("semantics 60: timers are there after a crash, as of what is committed") {
    timed_app a;
    a.body = puts(a, 10);
    test_driver test{a.app};
    a.send(test, "a", 1, 100);
    a.send(test, "b", 2, 102);
    test.commit();
    CHECK(a.send(test, "c", 3, 111) == texts{"a 1 @110"});
    test.kill(a.app);
    a.out.clear();
    test.restart();
    CHECK(a.out == texts{"a 1 @110"});  // it was not committed: what it passes on comes again
    CHECK(a.send(test, "d", 4, 112) == texts{"b 2 @112"});
    test.commit();
    test.kill(a.app);
    test.restart();
    CHECK(a.send(test, "e", 5, 112) == texts{});
    CHECK(a.send(test, "f", 6, 121) == texts{"c 3 @121"});
}

TEST_CASE("semantics 60: what the clock has fired before a crash is not fired again if committed") {
    bool commits = false;
    SUBCASE("not committed") {}
    SUBCASE("committed") { commits = true; }
    timed_app a;
    a.body = [&](const message& e) { a.t.after(e.key(), e.value() * 1s); };
    a.on_time = [](const string&, int& n) { ++n; };
    test_driver test{a.app};
    a.send(test, "a", 5, 100);
    a.send(test, "b", 50, 100);
    test.commit();
    test.advance(5s);
    CHECK(a.out.size() == 1);
    if (commits) test.commit();
    test.kill(a.app);
    test.restart();
    test.advance(10s);
    CHECK(a.t.get("a") == 1);
    test.advance(1min);
    CHECK(a.t.get("a") == 1);
    CHECK(a.t.get("b") == 1);
}

TEST_CASE("semantics 60: a table behind timers has what the clock has fired, once") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t");
    auto n = app.table<string, std::int64_t>("n");
    app.agent("w", in | weir::items() |
                       weir::tap([&](auto& i) { t.after(i.key(), i.value() * 1ms); }) |
                       weir::timers<int>(t, [](const string&, int&, auto& pass) { pass(1); }) |
                       weir::count(n));
    test_driver test{app};
    for (int i = 0; i < 20; ++i) test.send(in, "x", 1'000'000, {.timestamp = at(5)});
    test.send(in, "a", 100, {.timestamp = at(5)});
    test.commit();
    test.kill(app);
    test.restart();
    test.fail_next_send("a-n-changelog");
    test.advance(200ms);  // it is fired, and the cut with it is not written
    CHECK(!test.running());
    test.restart();
    test.advance(10s);
    CHECK(test.value(n, "a") == 1);
}

TEST_CASE("a partition that is revoked takes its timers with it") {
    timed_app a{{}, 2};
    a.body = [&](const message& e) {
        if (e.value() == 1) a.t.after("k" + std::to_string(e.partition()), 10s);
        if (e.value() == 0) a.t.at("k" + std::to_string(e.partition()), at(100));
    };
    test_driver test{a.app};
    int kind = 0;
    SUBCASE("of stream time") {}
    SUBCASE("of the clock") { kind = 1; }
    for (int p = 0; p < 2; ++p) test.send(a.in, "k", kind, {.partition = p, .timestamp = at(50)});
    test.revoke(a.in, 0);
    test.send(a.in, "x", 2, {.partition = 1, .timestamp = at(200)});
    test.advance(20s);
    CHECK(a.out.size() == 1);
    CHECK(a.out[0].starts_with("k1 "));
    test.assign(a.in, 0);
    test.send(a.in, "x", 2, {.partition = 0, .timestamp = at(200)});
    test.advance(20s);
    CHECK(a.out.size() == 2);
}

TEST_CASE("5000 timers that are due at once are fired once each") {
    timed_app a;
    a.body = puts(a, 10);
    test_driver test{a.app};
    for (int i = 0; i < 5000; ++i)
        test.append(a.in, "k" + std::to_string(i), i, {.timestamp = at(100)});
    test.run();
    CHECK(a.send(test, "x", 0, 500).size() == 5000);
    CHECK(a.send(test, "x", 0, 505).size() == 0);
}

TEST_CASE("what timers pass on has the timer's key and time; without a type, it is the stream's") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto out = app.topic<string, int>("out", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t");
    app.agent("w", in | weir::events() | weir::tap([&](auto& e) {
                       t.at(e.key(), at(10));
                   }) | weir::map([](auto& e) {
                       return e.value();
                   }) | weir::timers(t, [](const string&, int& n, auto& pass) {
                       pass(n);
                       pass(n + 1);
                   }) | weir::to(out));
    test_driver test{app};
    test.send(in, "a", 7, {.timestamp = at(5)});
    test.send(in, "b", 9, {.timestamp = at(50)});
    const auto all = test.events(out);
    REQUIRE(all.size() == 4);
    CHECK(all[0].key() == "a");
    CHECK(all[0].timestamp() == at(10));
    CHECK(all[1].value() == 1);
    CHECK(all[2].key() == "b");
}

TEST_CASE("a table with timers is used as any other; its changelog is JSON") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t", {.init = 3});
    app.agent("w", in | weir::items() | weir::tap([&](auto& i) {
                       t[i.key()] += i.value();
                       t.update("sum", [&](int& n) { n += i.value(); });
                       if (i.key() == "a") t.at("a", at(10));
                   }) | weir::timers<int>(t, [](const string&, int&) {}));
    test_driver test{app};
    test.send(in, "a", 7, {.timestamp = at(5)});
    CHECK(test.value(t, "a") == 10);
    CHECK(test.value(t, "none") == 3);
    CHECK(test.entries(t) == std::vector<std::pair<string, int>>{{"a", 10}, {"sum", 10}});
    int sum = 0;
    for (auto&& [key, n] : t) sum += n;
    CHECK(sum == 20);
    test.commit();
    texts rows;
    for (auto& e : test.events(test.peek<string, string>("a-t-changelog")))
        if (!e.key().starts_with('\0')) rows.push_back(e.key() + ' ' + e.value());
    CHECK(rows == texts{"a {\"value\":10,\"at\":\"1970-01-01T00:00:00.010Z\",\"after\":null}",
                        "sum {\"value\":10,\"at\":null,\"after\":null}"});
}

TEST_CASE("timers are drawn with their table; explain says what one waits for") {
    timed_app a;
    a.body = puts(a, 10'000);
    test_driver test{a.app};
    CHECK(a.app.graph().text().find("timers t") != string::npos);
    a.send(test, "a", 1, 100);
    test.commit();
    test.advance(4min);
    const auto why = a.app.explain("in", 0);
    REQUIRE(why);
    CHECK(why->why == "a timer of table 't' waits for 1970-01-01T00:00:10.100Z: no message of "
                      "1970-01-01T00:00:10.100Z or later has come, the last one 4 min ago; .idle "
                      "would fire it");
}

TEST_CASE("timers that nobody fires, or two operators do, and times that make no sense") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto t = app.table<string, weir::timed<int>>("t"), u = app.table<string, weir::timed<int>>("u");
    texts said;
    app.agent("w", in | weir::items() | weir::tap([&](auto& i) {
                       try {
                           if (i.value() == 0) t.at(i.key(), at(1));
                           else u.after(i.key(), 0s);
                       } catch (const weir::error& e) { said.push_back(e.what()); }
                   }) | weir::timers<int>(u, [](const string&, int&) {}),
              {.tables = {t}});
    CHECK_THROWS_WITH(app.agent("v", in | weir::timers<int>(u, [](const string&, int&) {})),
                      "weir: the timers of table 'u' are fired twice: a table has one "
                      "timers(table, f)");
    CHECK_THROWS_WITH(weir::timers(u, [](const string&, int&) {}, {.idle = -1s}),
                      "weir: timers: .idle must not be negative");
    test_driver test{app};
    test.send(in, "a", 0);
    test.send(in, "a", 1);
    CHECK(said == texts{"weir: table 't' has timers that nobody fires: put timers(table, f) into "
                        "the agent that changes it",
                        "weir: table 'u': after(key, d): the time must be positive"});
}
