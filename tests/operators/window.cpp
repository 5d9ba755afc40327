// SPDX-License-Identifier: Apache-2.0
// window: what it passes on, where it may stand, and what a failure or a rebalance leaves.
#include "state/windowing.hpp"

#include <functional>
#include <optional>

namespace {

constexpr auto ten = [] { return weir::window(weir::tumbling(10ms), weir::grace(0ms)); };

auto into(texts& got) {
    return weir::for_each([&got](const auto& item) { got.push_back(text(item)); });
}
/// "a [0, 10) xyz"
string shown(const per_key& w, const string& v) {
    return w.key + " [" + ms(w.start) + ", " + ms(w.end) + ") " + v;
}
weir::task<int> late(int i) {
    co_await weir::sleep(1s);
    co_return i;
}
int twice(int i) { return 2 * i; }

/// Counts a, b, a in a window behind what `make` puts before it.
template <class Make>
void counts_behind(Make make) {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    app.agent("w", make(in) | ten() | weir::count(per) | weir::items() | into(got));
    test_driver test{app};
    int i = 0;
    for (auto* k : {"a", "b", "a", "c"}) {
        test.send(in, k, 1, {.timestamp = at(4 * i++)});
        test.advance(10s);
    }
    CHECK(got == texts{"a [0, 10) 2", "b [0, 10) 1"});
    test.commit();
    CHECK(test.committed(in, 0) == committed{4});
}

}  // namespace

TEST_CASE(
    "semantics 70: without a table, an aggregation has one of its own, named after the agent") {
    silent hush;
    const weir::app_options shared{.broker = "memory://own-windows", .hooks = &hush};
    struct own {
        weir::app app;
        weir::topic<string, int> in = app.topic<string, int>("in", {.partitions = 1});
        texts out{};
        explicit own(const weir::app_options& o) : app{"a", o} {
            const auto keep = [this](const char* what) {
                return weir::for_each([this, what](const auto& i) {
                    out.push_back(what + std::to_string(i.value()));
                });
            };
            const auto tumbling = weir::window(weir::tumbling(10ms), weir::grace(0ms));
            const auto add = [](int& sum, int i) { sum += i; };
            app.agent("c", in | tumbling | weir::count() | weir::items() | keep("c "));
            app.agent("r", in | tumbling | weir::reduce([](int a, int b) { return a * b; }) |
                               weir::items() | keep("r "));
            app.agent("f", in | tumbling | weir::aggregate(100, add) | weir::items() | keep("a "));
            app.agent("s", in | weir::window(weir::session(5ms), weir::grace(0ms)) |
                               weir::aggregate(0, add, add) | weir::items() | keep("s "));
            app.agent("u",
                      in | weir::window(weir::tumbling(10ms), weir::grace(0ms), weir::on_update) |
                          weir::count() | weir::items() | keep("u "));
        }
    };
    own one{shared}, two{shared};
    test_driver test{one.app};
    test.send(one.in, "k", 3, {.timestamp = at(1)});
    test.send(one.in, "k", 4, {.timestamp = at(2)});
    std::sort(one.out.begin(), one.out.end());
    CHECK(one.out == texts{"u 1", "u 2"});
    test.commit();
    test.kill(one.app);
    test.add(two.app);
    test.send(two.in, "k", 5, {.timestamp = at(20)});
    std::sort(two.out.begin(), two.out.end());
    CHECK(two.out == texts{"a 107", "c 2", "r 12", "s 7", "u 1"});
    CHECK(test.partitions("a-c-window-changelog") == 1);
    CHECK(two.app.graph().dot().find("c-window") != string::npos);
}

TEST_CASE("window passes on each window once, when it closes: counted, reduced or aggregated") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto largest = app.table<per_key, int>("largest");
    auto all = app.table<per_key, string>("all", {.init = ">"});
    texts got;
    app.agent("r", in | ten() | weir::reduce(largest, [](int a, int b) { return std::max(a, b); }) |
                       weir::items() | into(got));
    app.agent("g", in | ten() |
                       weir::aggregate(all, [](string& s, int i) { s += std::to_string(i); }) |
                       weir::items() | weir::for_each([&](const auto& item) {
                           got.push_back(shown(item.key(), item.value()));
                       }));
    test_driver test{app};
    for (auto [i, time] : {std::pair{3, 1}, {5, 9}, {4, 2}})
        test.send(in, "a", i, {.timestamp = at(time)});
    CHECK(got.empty());
    CHECK(largest.get({"a", at(0), at(10)}) == 5);  // an open window is in the table
    test.send(in, "b", 1, {.timestamp = at(10)});
    CHECK(got == texts{"a [0, 10) 5", "a [0, 10) >354"});
    CHECK(test.entries(all).size() == 1);
}

TEST_CASE(
    "window is drawn before its aggregation, with windows as keys; so is the topic of .late") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    app.agent("w", in | weir::window(weir::hopping(10s, 5s), weir::grace(1s), {.late = "late"}) |
                       weir::count(app.table<per_key, std::int64_t>("per")) | weir::to("out"));
    app.agent("s", in | weir::window(weir::session(3s), weir::grace(0s), weir::on_update) |
                       weir::count(app.table<string, weir::sessions<int>>("visits")));
    CHECK(app.graph().text() ==
          "agent w\n"
          "  topic in [1 partition] : std::string, int\n"
          "  | window hopping(10 s, 5 s), grace 1 s : weir::windowed<std::string>, int\n"
          "  | count per : weir::windowed<std::string>, long\n"
          "  -> topic late : weir::bytes\n"
          "  -> table per [1 partition] : weir::windowed<std::string>, long\n"
          "     -> topic a-per-changelog : weir::windowed<std::string>, long\n"
          "  | to\n"
          "  -> topic out : weir::windowed<std::string>, long\n"
          "agent s\n"
          "  topic in [1 partition] : std::string, int\n"
          "  | window session(3 s), grace 0 s : weir::windowed<std::string>, int\n"
          "  | count visits : weir::windowed<std::string>, std::optional<int>\n"
          "  -> table visits [1 partition] : std::string, weir::sessions<int>\n"
          "     -> topic a-visits-changelog : std::string, weir::sessions<int>\n");
}

TEST_CASE("window stands behind any operator that keeps the key") {
    const auto each = weir::flat_map(std::identity{});
    counts_behind([](auto in) { return in; });
    counts_behind([](auto in) { return in | weir::map(twice); });
    counts_behind([](auto in) { return in | weir::filter([](int i) { return i == 1; }); });
    counts_behind([](auto in) { return in | weir::scan(0, std::plus{}); });
    counts_behind([](auto in) { return in | weir::events(); });
    counts_behind([](auto in) { return in | weir::flat_map([](int i) { return numbers{i}; }); });
    counts_behind([&](auto in) { return in | weir::take(1) | each; });
    counts_behind([&](auto in) { return in | weir::map(late); });
    counts_behind([](auto in) { return in | weir::through("mid"); });
    counts_behind([](auto in) { return in | weir::map(twice) | weir::erase(); });
}

TEST_CASE("what window passes on can be sent, collected, awaited and counted again") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto out = app.topic<per_key, std::int64_t>("out");
    auto per = app.table<per_key, std::int64_t>("per");
    auto again = app.table<per_key, std::int64_t>("again");
    batches got;
    app.agent("w", in | ten() | weir::count(per) | weir::echo(out) |
                       weir::map([](std::int64_t n) -> weir::task<int> { co_return int(n); }) |
                       weir::take(2) | weir::for_each([&](const weir::batch<int>& b) {
                           got.emplace_back(b.begin(), b.end());
                       }));
    app.agent("k", out | weir::count(again));
    test_driver test{app};
    for (auto [k, time] : {std::pair{"a", 1}, {"b", 2}, {"a", 3}, {"a", 10}, {"b", 20}})
        test.send(in, k, 1, {.timestamp = at(time)});
    CHECK(got == batches{{2, 1}});
    CHECK(test.values(out) == std::vector<std::int64_t>{2, 1, 1});
    CHECK(again.size() == 3);
    CHECK(again.get({"a", at(10), at(20)}) == 1);
}

TEST_CASE("an aggregate that erases leaves its window without a result") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, int>("per");
    texts got;
    app.agent("w", in | ten() |
                       weir::aggregate(per,
                                       [](const int& sum, int i) {
                                           return i == 0 ? std::optional<int>{}
                                                         : std::optional{sum + i};
                                       }) |
                       weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "b", 1, {.timestamp = at(1)});
    test.send(in, "a", 0, {.timestamp = at(2)});
    CHECK(per.size() == 1);
    test.send(in, "c", 1, {.timestamp = at(10)});
    CHECK(got == texts{"b [0, 10) 1"});
}

TEST_CASE("an aggregate that erases does so in each window, whether values can be merged or not") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, int>("per");
    texts got;
    const auto window = weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms));
    const auto add_or_erase = [](const int& sum, int i) {
        return i == 0 ? std::optional<int>{} : std::optional{sum + i};
    };
    app.agent("w", in | window | weir::aggregate(per, add_or_erase, std::plus<int>{}) |
                       weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});  // in [0, 10)
    test.send(in, "a", 0, {.timestamp = at(6)});  // erases it there, and in [5, 15)
    test.send(in, "a", 2, {.timestamp = at(11)});
    test.send(in, "b", 1, {.timestamp = at(15)});
    CHECK(got == texts{"a [5, 15) 2"});
}

TEST_CASE("a null value is in no window, and moves the time") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    app.agent("w", in | ten() | weir::count(per) | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(in, "a", std::nullopt, {.timestamp = at(2)});
    test.send(in, "b", std::nullopt, {.timestamp = at(10)});
    CHECK(got == texts{"a [0, 10) 1"});
    CHECK(per.size() == 0);
}

TEST_CASE("a message that succeeds at its second attempt is in its windows once") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    int calls = 0;
    app.agent("w",
              in | weir::window(weir::hopping(10ms, 5ms), weir::grace(0ms), weir::on_update) |
                  weir::count(per) | weir::items() | weir::for_each([&](const auto& item) {
                      if (++calls == 2) throw std::runtime_error{"not yet"};
                      got.push_back(text(item));
                  }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(7)});  // fails in its second window
    CHECK(per.size() == 0);
    test.advance(1s);
    CHECK(got == texts{"a [0, 10) 1", "a [0, 10) 1", "a [5, 15) 1"});
    CHECK(per.get({"a", at(5), at(15)}) == 1);
}

TEST_CASE("a result that fails is passed on again, and those before it are not") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    bool fails = true;
    app.agent("w",
              in | ten() | weir::count(per) | weir::items() | weir::for_each([&](const auto& item) {
                  if (item.key().key == "b" && std::exchange(fails, false))
                      throw std::runtime_error{"not yet"};
                  got.push_back(text(item));
              }),
              {.on_error = weir::retry(1, 1s)});
    test_driver test{app};
    for (auto* k : {"a", "b", "c"}) test.send(in, k, 1, {.timestamp = at(1)});
    test.send(in, "x", 1, {.timestamp = at(10)});
    CHECK(test.held(in, 0) == 1);  // the message that has closed them
    test.advance(1s);
    CHECK(got == texts{"a [0, 10) 1", "b [0, 10) 1", "c [0, 10) 1"});
    CHECK(test.held(in, 0) == 0);
}

TEST_CASE("a result that is skipped is lost alone: the message that closed its window is not") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    app.agent("w",
              in | ten() | weir::count(per) | weir::items() | weir::for_each([&](const auto& item) {
                  if (item.key().key == "b") throw std::runtime_error{"no"};
                  got.push_back(text(item));
              }),
              {.on_error = weir::skip});
    test_driver test{app};
    for (auto* k : {"a", "b", "c"}) test.send(in, k, 1, {.timestamp = at(1)});
    test.send(in, "x", 1, {.timestamp = at(10)});
    test.send(in, "y", 1, {.timestamp = at(20)});
    CHECK(got == texts{"a [0, 10) 1", "c [0, 10) 1", "x [10, 20) 1"});
    CHECK(app.counters().process.skipped == 1);
}

TEST_CASE("a partition that is revoked and assigned again has its open windows, and its time") {
    window_counts c{ten(), weir::app_options{}, 2};
    test_driver test{c.app};
    const auto send = [&](const char* key, weir::partition_id p, int time) {
        test.send(c.in, key, 1, {.partition = p, .timestamp = at(time)});
    };
    send("a", 0, 1);
    send("b", 1, 2);
    send("b", 1, 13);
    CHECK(c.out == texts{"b [0, 10) 1 @2"});
    test.revoke(c.in, 1);
    CHECK(c.per.size() == 1);
    send("a", 0, 3);
    test.assign(c.in, 1);
    CHECK(c.per.get({"b", at(10), at(20)}) == 1);
    send("b", 1, 9);
    CHECK(c.hooks.late_ones == texts{"in@2 [0, 10) by 3"});
    send("b", 1, 20);
    CHECK(c.out == texts{"b [0, 10) 1 @2", "b [10, 20) 1 @13"});
    send("a", 0, 10);
    CHECK(c.out.back() == "a [0, 10) 2 @3");
}

TEST_CASE("a partition that is lost closes its windows where it is read again") {
    window_counts c{ten()};
    test_driver test{c.app};
    c.send(test, "a", 1);
    test.commit();
    c.send(test, "a", 2);
    c.send(test, "b", 10);
    CHECK(c.out == texts{"a [0, 10) 2 @2"});
    test.lose(c.in, 0);
    test.assign(c.in, 0);
    test.run();
    CHECK(c.out == texts{"a [0, 10) 2 @2", "a [0, 10) 2 @2"});  // it was not committed
    CHECK(c.per.size() == 1);
}

TEST_CASE("two streams behind one window have one time") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto other = app.topic<string, int>("other", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    app.agent("w", (in & other) | ten() | weir::count(per) | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1)});
    test.send(other, "a", 1, {.timestamp = at(2)});
    test.send(other, "b", 1, {.timestamp = at(10)});
    CHECK(got == texts{"a [0, 10) 2"});
    test.send(in, "a", 1, {.timestamp = at(9)});
    CHECK(hooks.late_ones == texts{"in@1 [0, 10) by 0"});
}

TEST_CASE("sessions are merged from left to right, and the message comes last") {
    weir::app app{"a"};
    auto in = app.topic<string, string>("in", {.partitions = 1});
    auto visits = app.table<string, weir::sessions<string>>("visits");
    texts got;
    app.agent("w", in | weir::window(weir::session(5ms), weir::grace(20ms)) |
                       weir::reduce(visits, std::plus<string>{}) | weir::items() |
                       weir::for_each([&](const auto& i) {
                           got.push_back(text_of_session(i.key()) + i.value());
                       }));
    test_driver test{app};
    for (auto [v, time] : {std::pair{"r", 20}, {"l", 10}, {"m", 15}, {"x", 18}})
        test.send(in, "a", v, {.timestamp = at(time)});
    test.send(in, "b", "", {.timestamp = at(46)});
    CHECK(got == texts{"a [10, 20] lrmx"});
}

TEST_CASE("semantics 77: the clock closes nothing while a message is on its way to the window") {
    lateness hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts got;
    const auto slowly = [](int i) -> weir::task<int> {
        if (i == 2) co_await weir::sleep(60s);
        co_return i;
    };
    app.agent("w", in | weir::map(slowly) |
                       weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 30s}) |
                       weir::count(per) | weir::items() | into(got));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(1'000)});
    test.send(in, "a", 2, {.timestamp = at(2'000)});
    test.advance(59s);
    CHECK(got.empty());
    test.advance(60s);
    CHECK(got == texts{"a [0, 10000) 2"});
    CHECK(hooks.late_ones.empty());
}

TEST_CASE(
    "semantics 79: what the clock has decided holds after a crash, though nothing came of it") {
    weir::app_options shared{.broker = "memory://window-clock"};
    struct one_app {
        lateness hooks{};
        weir::app app;
        weir::topic<string, int> in;
        texts got{};
        one_app(weir::app_options o, bool fails)
            : app{"a", with(o)}, in(app.topic<string, int>("in", {.partitions = 1})) {
            auto per = app.table<per_key, std::int64_t>("per");
            app.agent("w", in | weir::window(weir::tumbling(10s), weir::grace(0s), {.idle = 30s}) |
                               weir::count(per) | weir::items() |
                               weir::for_each([this, fails](const auto& item) {
                                   if (fails) throw std::runtime_error{"no"};
                                   got.push_back(text(item));
                               }));
        }
        weir::app_options with(weir::app_options o) {
            o.hooks = &hooks;
            return o;
        }
    };
    one_app one{shared, true}, two{shared, false};
    test_driver test{one.app};
    test.send(one.in, "a", 1, {.timestamp = at(5'000)});
    test.advance(35s);
    CHECK(!test.running());
    test.append(one.in, "a", 1, {.timestamp = at(6'000)});
    test.add(two.app);
    test.run();
    CHECK(two.got == texts{"a [0, 10000) 1"});
    CHECK(two.hooks.late_ones == texts{"in@1 [0, 10000) by 0"});
}
