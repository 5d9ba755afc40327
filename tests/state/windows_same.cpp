// SPDX-License-Identifier: Apache-2.0
// What windows make of a topic does not depend on how it is read, when commits are made, and what
// lies between the topic and the windows.
#include "windowing.hpp"

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <stdexcept>
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

string shown(const string& s) { return s; }
string shown(const std::optional<string>& s) { return s.value_or("none"); }
string shown(std::int64_t n) { return std::to_string(n); }

template <class Window, class Table, class Aggregation>
auto add(weir::app& app, source in, Window window, Table per, Aggregation f, texts& out) {
    app.agent("w", in | window | f | weir::events() | weir::for_each([&out](auto& e) {
                       out.push_back(text_of_session(e.key()) + shown(e.value()) + " @" +
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
void append_value(string& all, const int& i) {
    if (i < 0) throw std::runtime_error{"negative"};
    all += std::to_string(i) + ",";
}
void append(string& all, const string& more) { all += more; }

template <class Window>
pipeline in_fixed(Window window) {
    return [=](weir::app& app, source in, texts& out) {
        auto per = app.table<per_key, string>("per");
        return add(app, in, window, per, weir::aggregate(per, append_value), out);
    };
}
/// Hopping windows are made of panes.
template <class Window>
pipeline in_panes(Window window) {
    return [=](weir::app& app, source in, texts& out) {
        auto per = app.table<per_key, std::int64_t>("per");
        return add(app, in, window, per, weir::count(per), out);
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
        {"hopping, counted", in_panes(weir::window(weir::hopping(10ms, 4ms), g))},
        {"sessions", in_sessions(weir::window(weir::session(3ms), g))},
        {"sessions, on_update", in_sessions(weir::window(weir::session(3ms), g, weir::on_update))},
    };
}

source nothing_before(source in) { return in; }
source taken(source in) { return in | weir::take(3) | weir::flat_map(std::identity{}); }

enum class reading { one_by_one, at_once, with_commits, with_restarts };

/// What windows make of messages.
made play(const pipeline& windows, source (*before)(source), reading how,
          weir::app_options options = {}, const std::vector<sent>& messages = inputs()) {
    lateness hooks;
    options.hooks = &hooks;
    weir::app app{"a", options};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    made all;
    const auto table = windows(app, before(in), all.out);
    test_driver test{app};
    std::size_t n = 0;
    for (auto& m : messages) {
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
            auto behind_take = play(windows, taken, how);
            if (name == "hopping, counted") behind_take.open = wanted.open;  // rows, not panes
            CHECK(behind_take == wanted);
            CHECK(play(windows, sent_on, how) == wanted);
            CHECK(play(windows, called, how) == wanted);
        }
    }
}

TEST_CASE("semantics 76: within a batch, too, a session that has closed is not joined any more") {
    for (auto* name : {"sessions", "sessions, on_update"}) {
        // at 20, [10, 10] has closed, and 13 is not late
        const std::vector<sent> messages{{"a", 1, 10}, {"b", 2, 20}, {"a", 3, 13},
                                         {"b", 4, 50}, {"b", 5, 60}, {"b", 6, 70}};
        const auto windows = each_window().at(name);
        const auto wanted = play(windows, nothing_before, reading::at_once, {}, messages);
        CHECK(std::ranges::count(wanted.out, "a [13, 13] 3, @13") == 1);
        CHECK(play(windows, taken, reading::at_once, {}, messages) == wanted);
    }
}

TEST_CASE("semantics 72: what is dropped moves the time, whatever lies behind it") {
    using weir::task;
    const auto some = [](source in) -> source {
        return in | weir::filter([](int i) { return i % 3 == 0; });
    };
    const std::map<string, source (*)(source)> before{
        {"take",
         [](source in) -> source {
             return in | weir::filter([](int i) { return i % 3 == 0; }) | weir::take(1) |
                    weir::flat_map(std::identity{});
         }},
        {"calls",
         [](source in) -> source {
             return in | weir::filter([](int i) { return i % 3 == 0; }) |
                    weir::map([](int i) -> task<int> { co_return int{i}; }, {.concurrency = 4});
         }},
        {"two boundaries",
         [](source in) -> source {
             return in | weir::filter([](int i) { return i % 3 == 0; }) |
                    weir::map([](int i) -> task<int> { co_return int{i}; }) | weir::take(1) |
                    weir::flat_map(std::identity{});
         }},
        {"a call drops it",
         [](source in) -> source {
             return in | weir::process([](int i) -> task<std::optional<int>> {
                        co_return i % 3 == 0 ? std::optional{i} : std::nullopt;
                    });
         }},
    };
    for (auto& [name, windows] : each_window()) {
        CAPTURE(name);
        const auto wanted = play(windows, some, reading::one_by_one);
        CHECK(!wanted.late.empty());
        for (auto& [boundary, source_of] : before) {
            CAPTURE(boundary);
            for (auto how : {reading::one_by_one, reading::at_once, reading::with_commits,
                             reading::with_restarts}) {
                CAPTURE(static_cast<int>(how));
                auto all = play(windows, source_of, how);
                if (name == "hopping, counted") all.open = wanted.open;  // rows, not panes
                CHECK(all == wanted);
            }
        }
    }
}

namespace {

/// `in | filter | ... | window | count`. A value of 0 is dropped.
struct behind_a_filter {
    lateness hooks{};
    weir::app app{"a", {.hooks = &hooks}};
    weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 2});
    texts out{};
    explicit behind_a_filter(auto boundary) {
        auto per = app.table<per_key, std::int64_t>("per");
        app.agent("w", boundary(in | weir::filter([](int i) { return i > 0; })) |
                           weir::window(weir::tumbling(10ms), weir::grace(0ms)) | weir::count(per) |
                           weir::events() | weir::for_each([this](auto& e) {
                               out.push_back(text(e.key(), e.value()));
                           }));
    }
    void send(test_driver& test, int value, std::int64_t time, weir::partition_id p = 0) {
        test.send(in, "a", value, {.partition = p, .timestamp = at(time)});
    }
};

auto sleeping(weir::order_by order) {
    return [=](auto in) {
        return in | weir::map(
                        [](int i) -> weir::task<int> {
                            co_await weir::sleep(std::chrono::milliseconds{i});
                            co_return int{i};
                        },
                        {.concurrency = 4, .order = order});
    };
}

}  // namespace

TEST_CASE("semantics 72: what is dropped moves the time when every older message has passed") {
    SUBCASE("calls that are passed on in order") {
        behind_a_filter f{sleeping(weir::order_by::all)};
        test_driver test{f.app};
        f.send(test, 10, 1);
        f.send(test, 0, 30);
        f.send(test, 5, 2, 1);
        f.send(test, 0, 40, 1);
        test.advance(10ms);
        CHECK(f.out == texts{"a [0, 10) 1", "a [0, 10) 1"});
    }
    SUBCASE("calls that are passed on as they complete") {
        behind_a_filter f{sleeping(weir::order_by::none)};
        test_driver test{f.app};
        f.send(test, 20, 1);
        f.send(test, 5, 2);
        f.send(test, 0, 30);
        f.send(test, 9, 3, 1);
        f.send(test, 0, 40, 1);
        test.advance(5ms);
        CHECK(f.out.empty());
        test.advance(4ms);
        CHECK(f.out == texts{"a [0, 10) 1"});  // of the other partition
        test.advance(11ms);
        CHECK(f.out == texts{"a [0, 10) 1", "a [0, 10) 2"});
    }
    SUBCASE("a call that has failed moves nothing itself") {
        const auto fails = [](auto in) {
            return in | weir::map([](int i) -> weir::task<int> {
                       co_await weir::sleep(1ms);
                       if (i == 7) throw std::runtime_error{"seven"};
                       co_return int{i};
                   });
        };
        behind_a_filter f{fails};
        test_driver test{f.app};
        f.send(test, 1, 1);
        test.advance(1ms);
        f.send(test, 7, 30);
        test.advance(1ms);
        CHECK(f.out.empty());
        f.send(test, 7, 40);
        f.send(test, 0, 20);
        test.advance(1ms);
        CHECK(f.out == texts{"a [0, 10) 1"});
        f.send(test, 1, 25);
        test.advance(1ms);
        CHECK(f.hooks.late_ones.empty());
    }
    SUBCASE("a take") {
        behind_a_filter f{
            [](auto in) { return in | weir::take(2) | weir::flat_map(std::identity{}); }};
        test_driver test{f.app};
        f.send(test, 1, 5, 1);
        f.send(test, 0, 30);  // none of its partition waits
        f.send(test, 0, 31, 1);
        f.send(test, 1, 4, 1);
        CHECK(f.out == texts{"a [0, 10) 2"});
        f.send(test, 1, 3);
        f.send(test, 1, 35);
        CHECK(f.hooks.late_ones == texts{"in@1 [0, 10) by 20"});
        test.commit();
        CHECK(test.committed(f.in, 0) == committed{3});
        CHECK(test.committed(f.in, 1) == committed{3});
    }
    SUBCASE("a take that is passed on in part") {
        behind_a_filter f{[](auto in) {
            return in | weir::flat_map([](int i) {
                       return std::vector<int>(static_cast<std::size_t>(i), 1);
                   }) |
                   weir::take(2) | weir::flat_map(std::identity{});
        }};
        test_driver test{f.app};
        f.send(test, 1, 5);
        f.send(test, 0, 30);
        f.send(test, 4, 31);  // the second of its four begins a batch
        f.send(test, 0, 45);
        CHECK(f.out == texts{"a [0, 10) 1"});
        f.send(test, 1, 46);
        CHECK(f.out == texts{"a [0, 10) 1", "a [30, 40) 4"});
        test.commit();
        CHECK(test.committed(f.in, 0) == committed{5});
    }
    SUBCASE("a take whose partition is lost") {
        behind_a_filter f{
            [](auto in) { return in | weir::take(3) | weir::flat_map(std::identity{}); }};
        test_driver test{f.app};
        f.send(test, 1, 5);
        f.send(test, 0, 30);
        f.send(test, 1, 6, 1);
        test.lose(f.in, 0);
        test.assign(f.in, 0);
        f.send(test, 1, 7, 1);
        f.send(test, 0, 20, 1);
        CHECK(f.out == texts{"a [0, 10) 1", "a [0, 10) 2"});
        CHECK(f.hooks.late_ones.empty());
    }
}

TEST_CASE("semantics 72: what is dropped before a call moves the time of all that follows it") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto other = app.topic<string, int>("other", {.partitions = 1});
    texts out;
    const auto called = [&] {
        return in | weir::filter([](int i) { return i > 0; }) |
               weir::map([](int i) -> weir::task<int> { co_return int{i}; });
    };
    const auto keep = [&](const string& what) {
        return weir::for_each([&out, what](const auto&) { out.push_back(what); });
    };
    SUBCASE("dedupe") {
        app.agent("d", called() | weir::dedupe([](int i) { return i; }, 10ms) | keep("id"));
        test_driver test{app};
        for (const auto& [value, time] : {std::pair{1, 1}, {0, 30}, {1, 2}})
            test.send(in, "a", value, {.timestamp = at(time)});
        CHECK(out == texts{"id", "id"});
    }
    SUBCASE("emit_every") {
        app.agent("e", called() | weir::emit_every(10ms) | keep("newest"));
        test_driver test{app};
        for (const auto& [value, time] : {std::pair{1, 1}, {2, 2}, {0, 30}})
            test.send(in, "a", value, {.timestamp = at(time)});
        CHECK(out == texts{"newest"});
    }
    SUBCASE("left_join") {
        app.agent("j", called() |
                           weir::left_join(other, weir::within(0ms, 5ms), weir::grace(0ms),
                                           [](int, const int* r) { return r != nullptr; }) |
                           keep("alone"));
        test_driver test{app};
        for (const auto& [value, time] : {std::pair{1, 1}, {0, 30}})
            test.send(in, "a", value, {.timestamp = at(time)});
        CHECK(out == texts{"alone"});
    }
}

TEST_CASE("semantics 72: what is dropped of a batch moves the time") {
    const auto some = [](source in) -> source {
        return taken(in) | weir::filter([](int i) { return i > 0; });
    };
    const auto all =
        play(each_window().at("tumbling"), some, reading::at_once, {},
             {{"a", 1, 1}, {"b", 0, 60}, {"b", 0, 7}, {"b", 2, 7}, {"b", 0, 7}, {"b", 0, 7}});
    CHECK(all.out == texts{"a [0, 10] 1, @1"});
    CHECK(all.late == texts{"[0, 10) by 45"});
}

TEST_CASE("semantics 74: a batch closes windows of all its partitions") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 2});
    texts out;
    const auto table = each_window().at("tumbling")(app, taken(in), out);
    test_driver test{app};
    const auto send = [&](const string& key, weir::partition_id p, std::int64_t time) {
        test.send(in, key, 1, {.partition = p, .timestamp = at(time)});
    };
    send("a", 0, 1);
    send("b", 1, 2);
    send("a", 0, 3);
    send("a", 0, 4);
    send("b", 1, 15);
    send("a", 0, 5);
    CHECK(out == texts{"b [0, 10] 1, @2"});
    CHECK(table(test).size() == 2);
    send("b", 1, 25);
    send("a", 0, 15);
    send("b", 1, 26);
    CHECK(out.size() == 3);
    CHECK(table(test).size() == 2);
}

TEST_CASE(
    "semantics 54: a message that fails does not open windows that an earlier one has closed") {
    lateness hooks;
    weir::app app{"a", {.on_error = weir::skip, .hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    texts out;
    const auto table = each_window().at("tumbling")(app, in, out);
    test_driver test{app};
    for (int i = 0; i < 1000; ++i) test.append(in, std::to_string(i), 1, {.timestamp = at(i % 10)});
    test.append(in, "x", 1, {.timestamp = at(15)});
    test.append(in, "x", -1, {.timestamp = at(16)});
    test.run();
    CHECK(out.size() == 1000);
    CHECK(table(test).size() == 1);
}
