// SPDX-License-Identifier: Apache-2.0
// What windows make of a topic does not depend on how it is read, when commits are made, and what
// lies between the topic and the windows.
#include "windowing.hpp"

#include <functional>
#include <map>
#include <random>
#include <vector>

namespace {

using source = weir::stream<string, int>;
using contents = std::map<string, string>;  // of a table

struct sent {
    string key;
    int value;
    std::int64_t time;
};

/// Times go on, and back, and jump. One window has more keys than are closed in one piece.
std::vector<sent> inputs() {
    std::mt19937 any{7};
    const auto below = [&](int n) { return static_cast<int>(any() % static_cast<unsigned>(n)); };
    std::vector<sent> all;
    std::int64_t time = 100;
    for (int i = 0; i < 297; ++i) {
        time += below(4) == 0 ? below(8) : 0;
        if (i % 60 == 59) time += 1000;
        const auto key = i > 200 ? std::to_string(i) : string(1, static_cast<char>('a' + below(5)));
        all.push_back({key, below(100), time - below(20)});
        if (i == 200)
            for (int k = 0; k < 600; ++k) all.push_back({"k" + std::to_string(k), k, time});
    }
    for (int i = 0; i < 30; ++i) all.push_back({"end", i, 100'000 + i * 1000});
    return all;
}

/// What a history has made.
struct made {
    texts out{};
    texts late{};
    contents open{};
    friend bool operator==(const made&, const made&) = default;
};

/// Adds an agent to the app. What comes out goes to the texts. Returns what its table has.
using pipeline = std::function<std::function<contents(test_driver&)>(weir::app&, source, texts&)>;

template <class Window, class Table, class Aggregation>
auto add(weir::app& app, source in, Window window, Table per, Aggregation f, texts& out) {
    app.agent("w", in | window | f | weir::events() | weir::for_each([&out](auto& e) {
                       const std::optional<string> value{e.value()};
                       out.push_back(text_of_session(e.key()) + value.value_or("none") + " @" +
                                     ms(e.timestamp()));
                   }));
    return [per](test_driver& test) {
        contents all;
        for (auto& [key, value] : test.entries(per)) {
            weir::bytes k, v;
            weir::detail::encode_onto<typename Table::key>(key, k);
            weir::detail::encode_onto<typename Table::value>(value, v);
            all.emplace(k.view(), v.view());
        }
        return all;
    };
}

/// An aggregate that shows the order of its values.
void append_value(string& all, const int& i) { all += std::to_string(i) + ","; }
void append(string& all, const string& more) { all += more; }

template <class Window>
pipeline in_fixed(Window window) {
    return [=](weir::app& app, source in, texts& out) {
        auto per = app.table<per_key, string>("per");
        return add(app, in, window, per, weir::aggregate(per, append_value), out);
    };
}
template <class Window>
pipeline in_sessions(Window window) {
    return [=](weir::app& app, source in, texts& out) {
        auto per = app.table<string, weir::sessions<string>>("per");
        return add(app, in, window, per, weir::aggregate(per, append_value, append), out);
    };
}

std::map<string, pipeline> each_window() {
    const weir::grace g{5ms};
    return {
        {"tumbling", in_fixed(weir::window(weir::tumbling(10ms), g))},
        {"hopping", in_fixed(weir::window(weir::hopping(10ms, 4ms), g))},
        {"hopping, on_update",
         in_fixed(weir::window(weir::hopping(10ms, 4ms), g, weir::on_update))},
        {"sessions", in_sessions(weir::window(weir::session(3ms), g))},
        {"sessions, on_update", in_sessions(weir::window(weir::session(3ms), g, weir::on_update))},
    };
}

source nothing_before(source in) { return in; }

enum class reading { one_by_one, at_once, with_commits, with_restarts };

/// What windows make of the inputs.
made play(const pipeline& windows, source (*before)(source), reading how,
          weir::app_options options = {}) {
    lateness hooks;
    options.hooks = &hooks;
    weir::app app{"a", options};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    made all;
    const auto table = windows(app, before(in), all.out);
    test_driver test{app};
    std::size_t n = 0;
    for (auto& m : inputs()) {
        test.append(in, m.key, m.value, {.timestamp = at(m.time)});
        ++n;
        if (how == reading::at_once) continue;
        test.run();
        if (how == reading::with_commits && n % 4 == 0) test.commit();
        if (how == reading::with_restarts && n % 50 == 0) test.restart();
    }
    test.run();
    REQUIRE(test.running());
    test.commit();
    CHECK(test.committed(in, 0) == committed{static_cast<offset>(n)});
    for (auto& late : hooks.late_ones) all.late.push_back(late.substr(late.find('[')));
    all.open = table(test);
    return all;
}

}  // namespace

TEST_CASE("semantics 72: windows have the same results, however their topic is read") {
    for (auto& [name, windows] : each_window()) {
        CAPTURE(name);
        const auto same = [&](reading how, weir::app_options o = {}) {
            return play(windows, nothing_before, how, o);
        };
        const auto wanted = same(reading::one_by_one);
        CHECK(wanted.out.size() > 600);
        CHECK(!wanted.late.empty());
        CHECK(wanted.open.size() <= 3);
        CHECK(same(reading::at_once) == wanted);
        CHECK(same(reading::with_commits) == wanted);
        CHECK(same(reading::with_restarts) == wanted);
        CHECK(same(reading::at_once, {.commit_every = 1}) == wanted);
        CHECK(same(reading::at_once, {.stream_buffer_max = 1}) == wanted);
        CHECK(same(reading::at_once, {.open_max = 1}) == wanted);
    }
}

TEST_CASE("semantics 72: windows have the same results, whatever lies before them") {
    const auto taken = [](source in) -> source {
        return in | weir::take(3) | weir::flat_map(std::identity{});
    };
    const auto sent_on = [](source in) -> source { return in | weir::through("again"); };
    const auto called = [](source in) -> source {
        return in |
               weir::map([](int i) -> weir::task<int> { co_return int{i}; }, {.concurrency = 4});
    };
    for (auto& [name, windows] : each_window()) {
        const auto wanted = play(windows, nothing_before, reading::one_by_one);
        for (auto how : {reading::one_by_one, reading::at_once, reading::with_commits}) {
            CAPTURE(name);
            CAPTURE(static_cast<int>(how));
            CHECK(play(windows, taken, how) == wanted);
            CHECK(play(windows, sent_on, how) == wanted);
            CHECK(play(windows, called, how) == wanted);
        }
    }
}

TEST_CASE("X a message fails behind one that closes windows in pieces") {
    lateness hooks;
    weir::app app{"a", {.on_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, int>("per");
    texts out;
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0ms)) |
                       weir::aggregate(per,
                                       [](int& sum, int i) {
                                           sum += i;
                                           if (i == 13) throw std::runtime_error{"thirteen"};
                                       }) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    for (int i = 0; i < 1000; ++i) test.append(in, "k" + std::to_string(i), 1, {.timestamp = at(1)});
    test.append(in, "x", 1, {.timestamp = at(10)});
    test.append(in, "x", 13, {.timestamp = at(11)});
    test.run();
    CHECK(out.size() == 1000);
    CHECK(per.size() == 1);
}

TEST_CASE("X sessions of a restored table are closed by the clock") {
    weir::app_options shared{.broker = "memory://windows-clock-sessions"};
    session_counts one{weir::window(weir::session(10s), weir::grace(0s), {.idle = 30s}), shared};
    session_counts two{weir::window(weir::session(10s), weir::grace(0s), {.idle = 30s}), shared};
    test_driver test{one.app};
    one.send(test, "a", 5'000);
    SUBCASE("not decided before") { test.stop(one.app); }
    SUBCASE("decided before a crash") {
        test.commit();
        test.advance(41s);
        CHECK(one.out == texts{"a [5000, 5000] 1 @5000"});
        test.kill(one.app);
    }
    test.add(two.app);
    test.advance(41s);
    CHECK(two.out == texts{"a [5000, 5000] 1 @5000"});
    CHECK(two.per.size() == 0);
}

TEST_CASE("X a batch with messages of two partitions closes the windows of both") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::take(2) | weir::flat_map(std::identity{}) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.partition = 0, .timestamp = at(1)});
    test.send(in, "b", 1, {.partition = 1, .timestamp = at(2)});
    test.send(in, "a", 1, {.partition = 0, .timestamp = at(3)});
    test.send(in, "b", 1, {.partition = 1, .timestamp = at(10)});
    CHECK(out == texts{"b [0, 10) 1"});
    test.send(in, "b", 1, {.partition = 1, .timestamp = at(20)});
    test.send(in, "a", 1, {.partition = 0, .timestamp = at(10)});
    CHECK(out == texts{"b [0, 10) 1", "b [10, 20) 1", "a [0, 10) 2"});
}

TEST_CASE("X what is dropped of a batch moves the time") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::take(2) | weir::flat_map(std::identity{}) |
                       weir::filter([](int i) { return i > 0; }) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 0, {.timestamp = at(10)});
    CHECK(out == texts{"a [0, 10) 1"});
    test.send(in, "b", 0, {.timestamp = at(30)});
    test.send(in, "b", 1, {.timestamp = at(29)});
    CHECK(hooks.late_ones == texts{"in@3 [20, 30) by 0"});
}

TEST_CASE("X what is dropped before a batch moves the time") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out;
    app.agent("w", in | weir::filter([](int i) { return i > 0; }) | weir::take(2) | weir::flat_map(std::identity{}) |
                       weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                       weir::items() | weir::for_each([&](auto& i) { out.push_back(text(i)); }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 0, {.timestamp = at(10)});
    CHECK(out == texts{});
    test.send(in, "b", 1, {.timestamp = at(9)});
    CHECK(hooks.late_ones == texts{"in@2 [0, 10) by 0"});
    CHECK(out == texts{"a [0, 10) 1"});
}

