// SPDX-License-Identifier: Apache-2.0
// A program is changed, and meets the tables of the one before it: what docs/evolving.md says.
#include "counting.hpp"
#include "windowing.hpp"

namespace {

/// The types of a table have one name in both programs, as they do when a program is compiled anew.
namespace before {
struct spent {
    int sum = 0;
    int gone = 7;
};
}  // namespace before
namespace after {
struct spent {
    int sum = 0;
    int orders = 3;
    static constexpr bool json_defaults = true;
};
}  // namespace after

/// One version of app a. `draw` adds its agents.
struct version {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in, other;
    explicit version(const string& broker)
        : app{"a", {.broker = "memory://evolving-" + broker, .hooks = &hush}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          other(app.topic<string, int>("other", {.partitions = 1})) {}
    template <class V>
    auto table(const string& name = "seen", weir::table_options<V> o = {}) {
        return app.table<string, V>(name, std::move(o));
    }
};
/// What ends the app when it runs.
string ended_by(version& v) {
    v.app.timer(1min, [&] { v.app.stop(); });
    try {
        v.app.run();
    } catch (const weir::error& e) { return e.what(); }
    return "it ended without an error";
}

}  // namespace

TEST_CASE("evolving: fields of JSON come and go, where those that come have defaults") {
    const weir::bytes old = [] {
        weir::bytes b;
        weir::detail::encode_onto<before::spent>(before::spent{5, 9}, b);
        return b;
    }();
    after::spent now;
    weir::detail::decode_into<after::spent>(old, now);
    CHECK(now.sum == 5);
    CHECK(now.orders == 3);
    before::spent back;
    weir::bytes b;
    weir::detail::encode_onto<after::spent>(now, b);
    CHECK_THROWS_WITH_AS(weir::detail::decode_into<before::spent>(b, back),
                         doctest::Contains("gone: missing"), weir::decode_error);
}

TEST_CASE("evolving: .init, .journal_max and .ttl may change, and keys that are there stay") {
    version one{"init"};
    auto old = one.table<std::int64_t>("seen", {.init = 10});
    one.app.agent("c", one.in | weir::count(old));
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.stop(one.app);
    version two{"init"};
    auto seen = two.table<std::int64_t>("seen", {.init = 100, .ttl = 24h, .journal_max = 5});
    two.app.agent("c", two.in | weir::count(seen));
    test.add(two.app);
    test.send(two.in, "x", 1);
    test.send(two.in, "y", 1);
    CHECK(all_of(seen) == counts{{"x", 12}, {"y", 101}});
}

TEST_CASE("evolving: a topic more, another one, or another agent changes the table from now on") {
    version one{"inputs"};
    auto old = one.table<std::int64_t>();
    one.app.agent("c", one.in | weir::count(old));
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.stop(one.app);
    SUBCASE("a topic more") {
        version two{"inputs"};
        auto seen = two.table<std::int64_t>();
        two.app.agent("c", (two.in & two.other) | weir::count(seen));
        test.add(two.app);
        test.send(two.other, "x", 1);
        test.send(two.in, "x", 1);
        CHECK(all_of(seen) == counts{{"x", 3}});
        test.commit();
        test.kill(two.app);
        version three{"inputs"};
        auto again = three.table<std::int64_t>();
        three.app.agent("d", three.other | weir::count(again));
        test.add(three.app);
        test.send(three.other, "x", 1);
        CHECK(all_of(again) == counts{{"x", 4}});
    }
    SUBCASE("another topic") {
        version two{"inputs"};
        auto seen = two.table<std::int64_t>();
        two.app.agent("d", two.other | weir::count(seen));
        test.add(two.app);
        test.send(two.other, "x", 1);
        CHECK(all_of(seen) == counts{{"x", 2}});
    }
}

TEST_CASE("evolving: a table of another name begins anew behind what is committed") {
    version one{"name"};
    auto old = one.table<std::int64_t>();
    one.app.agent("c", one.in | weir::count(old));
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.stop(one.app);
    version two{"name"};
    auto seen = two.table<std::int64_t>("seen-2");
    two.app.agent("c", two.in | weir::count(seen));
    test.add(two.app);
    test.send(two.in, "x", 1);
    CHECK(all_of(seen) == counts{{"x", 1}});
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 1}});  // it stays
}

TEST_CASE("semantics 68: other types are refused with both named, before a message is read") {
    version one{"types"};
    auto old = one.table<std::int64_t>();
    one.app.agent("c", one.in | weir::count(old));
    test_driver test{one.app};
    test.send(one.in, "x", 1);
    test.stop(one.app);
    version two{"types"};
    auto seen = two.table<int>();
    two.app.agent("c", two.in | weir::count(seen));
    const auto why = ended_by(two);
    CAPTURE(why);
    CHECK(why.find("says that its keys are of type std::string and its values of type " +
                   weir::detail::type_name<std::int64_t>() +
                   ", and the table is declared with std::string and int") != string::npos);
}

TEST_CASE("semantics 68: the gap of sessions and the bounds of a join are refused, named") {
    const auto nothing_more = weir::for_each([](const auto&) {});
    SUBCASE("sessions") {
        const auto draw = [&](version& v, auto gap, auto grace) {
            auto t = v.app.table<string, weir::sessions<std::int64_t>>("visits");
            v.app.agent("w", v.in | weir::window(weir::session(gap), weir::grace(grace)) |
                                 weir::count(t) | nothing_more);
        };
        version one{"gap"};
        draw(one, 10ms, 0ms);
        test_driver test{one.app};
        test.send(one.in, "x", 1, {.timestamp = at(100)});
        test.stop(one.app);
        version grace{"gap"};
        draw(grace, 10ms, 5ms);
        test.add(grace.app);
        CHECK(test.running(grace.app));  // the grace may change
        test.stop(grace.app);
        version gap{"gap"};
        draw(gap, 20ms, 0ms);
        const auto why = ended_by(gap);
        CAPTURE(why);
        CHECK(why.find("says that it is filled by session(10 ms), and the table is filled by "
                       "session(20 ms)") != string::npos);
    }
    SUBCASE("a join") {
        const auto draw = [&](version& v, auto within) {
            v.app.agent("j", v.in |
                                 weir::join(v.other, weir::within(within), weir::grace(0ms),
                                            [](int a, int b) { return a + b; }) |
                                 nothing_more);
        };
        version one{"bounds"};
        draw(one, 10ms);
        test_driver test{one.app};
        test.send(one.in, "x", 1, {.timestamp = at(100)});
        test.stop(one.app);
        version two{"bounds"};
        draw(two, 20ms);
        const auto why = ended_by(two);
        CAPTURE(why);
        CHECK(why.find("says that it is written by ") != string::npos);
        CHECK(why.find("join as before, or give the agent another name") != string::npos);
    }
}

TEST_CASE("evolving: the time of a dedupe may change, and holds for ids that are there") {
    const auto draw = [](version& v, auto within, trace& out) {
        v.app.agent("d", v.in | weir::dedupe([](int i) { return i; }, within) |
                             weir::for_each([&out](int i) { out.push_back(i); }));
    };
    trace first, second;
    version one{"dedupe"};
    draw(one, 10ms, first);
    test_driver test{one.app};
    test.send(one.in, "x", 1, {.timestamp = at(100)});
    test.stop(one.app);
    version two{"dedupe"};
    draw(two, 50ms, second);
    test.add(two.app);
    test.send(two.in, "x", 1, {.timestamp = at(140)});
    CHECK(second.empty());
    test.send(two.in, "x", 1, {.timestamp = at(151)});
    CHECK(second == trace{1});
}
