// SPDX-License-Identifier: Apache-2.0
// Tables with .ttl: a key that nothing changes for so long, by stream time, has no value any more.
#include <unistd.h>

#include <filesystem>
#include <functional>

#include "counting.hpp"
#include "refused.hpp"
#include "windowing.hpp"

namespace {

constexpr auto changelog = "a-seen-changelog";

/// `in | count(seen) | for_each`, and no key is kept for more than 10 ms: "a 2 @5".
struct expiring {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    texts out{};

    explicit expiring(weir::app_options o = {}, weir::table_options<std::int64_t> t = {.ttl = 10ms})
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen", std::move(t))) {
        app.agent("c", in | weir::count(seen) | weir::events() | weir::for_each([this](auto& e) {
                           if (e.value() == 13) throw std::runtime_error{"thirteen"};
                           out.push_back(e.key() + ' ' + std::to_string(e.value()) + " @" +
                                         ms(e.timestamp()));
                       }));
    }
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    void send(test_driver& test, const string& key, std::int64_t time) {
        test.send(in, key, 1, {.timestamp = at(time)});
    }
};

}  // namespace

TEST_CASE("semantics 66: a key whose last change is older than .ttl begins anew") {
    expiring e;
    test_driver test{e.app};
    e.send(test, "a", 100);
    e.send(test, "a", 110);  // not older than 10 ms
    e.send(test, "a", 121);
    e.send(test, "a", 131);
    CHECK(e.out == texts{"a 1 @100", "a 2 @110", "a 1 @121", "a 2 @131"});
}

TEST_CASE("semantics 66: what is over reads as absent at once, though it is not freed") {
    expiring e;
    auto asked = e.app.topic<string, int>("asked", {.partitions = 1});
    texts found{};
    e.app.agent("j", asked | weir::left_join(e.seen, [](int, const std::int64_t* n) {
                         return n ? std::to_string(*n) : "none";
                     }) | weir::for_each([&](const string& s) { found.push_back(s); }));
    int matches = 0;
    e.app.agent("i", asked | weir::join(e.seen, [](int, const std::int64_t&) { return 1; }) |
                         weir::for_each([&](int) { ++matches; }));
    e.app.agent("b", asked | weir::items() | weir::for_each([&](const auto& i) {
                         found.push_back(e.seen.contains(i.key()) ? "is here" : "is not");
                     }));
    test_driver test{e.app};
    e.send(test, "a", 100);
    e.send(test, "b", 110);
    CHECK(all_of(e.seen) == counts{{"a", 1}, {"b", 1}});
    test.send(asked, "a", 1);
    CHECK(found == texts{"1", "is here"});
    CHECK(matches == 1);
    e.send(test, "b", 111);
    CHECK(all_of(e.seen) == counts{{"b", 2}});
    CHECK(e.seen.get("a") == 0);
    CHECK(e.seen.find("a") == nullptr);
    CHECK_FALSE(e.seen.contains("a"));
    CHECK(e.seen.size() == 1);
    int n = 0;
    for (const auto& [key, value] : e.seen) n += int(key == "b" && value == 2);
    CHECK(n == 1);
    CHECK(test.entries(e.seen).size() == 1);
    found.clear();
    test.send(asked, "a", 1);
    CHECK(found == texts{"none", "is not"});
    CHECK(matches == 1);
    CHECK(e.app.counters().keys == 2);  // it is in memory still
}

TEST_CASE("semantics 66: what counts is stream time at the last change, also after a crash") {
    expiring e{{.broker = "memory://ttl-late"}};
    test_driver test{e.app};
    e.send(test, "b", 100);
    e.send(test, "a", 50);  // late, so it is there until 110
    CHECK(e.out == texts{"b 1 @100", "a 1 @50"});
    test.commit();
    SUBCASE("it goes on") {
        e.send(test, "c", 110);
        CHECK(e.seen.contains("a"));
        e.send(test, "c", 111);
        CHECK_FALSE(e.seen.contains("a"));
    }
    SUBCASE("the changelog says so") {
        test.kill(e.app);
        expiring again{{.broker = "memory://ttl-late"}};
        test.add(again.app);
        CHECK(all_of(again.seen) == counts{{"a", 1}, {"b", 1}});
        again.send(test, "c", 110);
        CHECK(again.seen.contains("a"));
        again.send(test, "a", 70);
        again.send(test, "b", 111);
        CHECK(again.out == texts{"c 1 @110", "a 2 @70", "b 1 @111"});
    }
}

TEST_CASE("semantics 66: after a crash stream time is as of what is committed") {
    expiring e{{.broker = "memory://ttl-crash"}};
    test_driver test{e.app};
    e.send(test, "a", 100);
    e.send(test, "b", 111);
    test.commit();
    e.send(test, "a", 105);  // begins anew, late
    e.send(test, "b", 200);
    test.kill(e.app);
    expiring again{{.broker = "memory://ttl-crash"}};
    test.add(again.app);
    CHECK(again.out == texts{"a 1 @105", "b 1 @200"});
    CHECK(all_of(again.seen) == counts{{"b", 1}});
}

TEST_CASE("semantics 66: keys that are over are freed, a few with each message") {
    expiring e;
    test_driver test{e.app};
    for (int i = 0; i < 100; ++i) test.append(e.in, std::to_string(i), 1, {.timestamp = at(100)});
    test.run();
    test.commit();
    CHECK(folded(test, changelog).size() == 100);
    e.send(test, "z", 200);
    CHECK(e.app.counters().keys == 101 - 16);
    CHECK(e.seen.size() == 1);
    for (int i = 0; i < 6; ++i) e.send(test, "z", 200);
    CHECK(e.app.counters().keys == 1);
    test.commit();
    CHECK(folded(test, changelog) == counts{{"z", 7}});
    const auto is_tombstone = [](auto& r) { return r.key().view() == "42" && r.value().is_null(); };
    const auto all = test.events(test.peek<weir::bytes, weir::bytes>(changelog));
    CHECK(std::count_if(all.begin(), all.end(), is_tombstone) == 1);
}

TEST_CASE("a key that is changed again and again is not freed, nor put in the wheel each time") {
    expiring e;
    test_driver test{e.app};
    for (int i = 0; i < 12; ++i) {
        e.send(test, "a", 100 + i * 10);
        e.send(test, "b", 100 + i * 10);
    }
    CHECK(all_of(e.seen) == counts{{"a", 12}, {"b", 12}});
    e.send(test, "c", 220);
    CHECK(e.app.counters().keys == 3);
    e.send(test, "c", 222);
    CHECK(e.app.counters().keys == 1);
}

TEST_CASE("a message that fails has moved no time, and has freed nothing") {
    expiring e;
    test_driver test{e.app};
    e.send(test, "a", 100);
    for (int i = 0; i < 12; ++i) e.send(test, "b", 101);
    e.send(test, "b", 111);  // its count is 13, so it throws
    CHECK(e.seen.get("a") == 1);
    CHECK(e.seen.get("b") == 12);
    e.send(test, "a", 110);
    CHECK(e.out.back() == "a 2 @110");
    e.send(test, "b", 150);
    CHECK(e.out.back() == "b 1 @150");
    CHECK(e.app.counters().keys == 1);
    e.send(test, "c", 200);
    CHECK(e.app.counters().keys == 1);
    test.commit();
    CHECK(folded(test, changelog) == counts{{"c", 1}});
}

TEST_CASE("what a message that failed had freed is freed later") {
    expiring e;
    test_driver test{e.app};
    e.send(test, "a", 100);
    for (int i = 0; i < 12; ++i) e.send(test, "b", 105);
    e.send(test, "b", 115);  // frees a, and throws
    CHECK(e.seen.get("a") == 1);
    CHECK(e.app.counters().keys == 2);
    e.send(test, "c", 114);
    CHECK(all_of(e.seen) == counts{{"b", 12}, {"c", 1}});
    CHECK(e.app.counters().keys == 2);
}

TEST_CASE("a table with .ttl is in a snapshot as it was, and in one from before it had a .ttl") {
    const auto dir =
        std::filesystem::temp_directory_path() / ("weir-ttl-" + std::to_string(::getpid()));
    const weir::app_options on_disk{.broker = "memory://ttl-snapshot", .state_dir = dir.string()};
    bool had_ttl = true;
    SUBCASE("it had one") {}
    SUBCASE("it had none") { had_ttl = false; }
    weir::table_options<std::int64_t> none;
    expiring e{on_disk, had_ttl ? weir::table_options<std::int64_t>{.ttl = 10ms} : none};
    test_driver test{e.app};
    e.send(test, "b", 100);
    e.send(test, "a", 50);  // late
    test.stop(e.app);
    expiring again{on_disk};
    test.add(again.app);
    CHECK(all_of(again.seen) == counts{{"a", 1}, {"b", 1}});
    again.send(test, "c", 110);
    CHECK(all_of(again.seen) ==
          (had_ttl ? counts{{"a", 1}, {"b", 1}, {"c", 1}} : counts{{"b", 1}, {"c", 1}}));
    again.send(test, "c", 111);
    CHECK(all_of(again.seen) == counts{{"c", 2}});
    test.kill(again.app);
    std::filesystem::remove_all(dir);
}

TEST_CASE("a row that a body behind take changes has its message's time") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto seen = app.table<string, int>("seen");
    app.agent("c",
              in | weir::items() | weir::take(2, 10s) | weir::flat_map(std::identity{}) |
                  weir::for_each([&](const auto& i) { seen[i.key()] += 1; }),
              {.tables = {seen}});
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(100)});
    test.send(in, "a", 1, {.timestamp = at(110)});
    test.commit();
    for (auto& r : test.events(test.peek<weir::bytes, weir::bytes>(changelog)))
        if (r.key().view() == "a") CHECK(r.timestamp() == at(110));
}

TEST_CASE("a table with .ttl that comes back warm is as it was") {
    expiring e;
    test_driver test{e.app};
    e.send(test, "b", 100);
    e.send(test, "a", 50);
    test.revoke(e.in, 0);
    test.assign(e.in, 0);
    e.send(test, "c", 110);
    CHECK(all_of(e.seen) == counts{{"a", 1}, {"b", 1}, {"c", 1}});
    e.send(test, "c", 121);
    CHECK(e.out.back() == "c 1 @121");
    CHECK(e.app.counters().keys == 1);
}

TEST_CASE("an aggregation begins anew with .init") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto sums = app.table<string, int>("sums", {.init = 1000, .ttl = 10ms});
    auto largest = app.table<string, int>("largest", {.ttl = 10ms});
    auto last = app.table<string, int>("last", {.ttl = 10ms});
    trace out;
    app.agent("c", in | weir::aggregate(sums, [](int& s, const int& n) { s += n; }) |
                       weir::for_each([&](int n) { out.push_back(n); }));
    app.agent("r", in | weir::reduce(largest, [](int a, int b) { return std::max(a, b); }) |
                       weir::for_each([&](int n) { out.push_back(n); }));
    app.agent("l", in | weir::to_table(last) | weir::for_each([](int) {}));
    test_driver test{app};
    test.send(in, "a", 7, {.timestamp = at(100)});
    test.send(in, "a", 5, {.timestamp = at(110)});
    test.send(in, "a", 2, {.timestamp = at(121)});
    CHECK(out == trace{1007, 7, 1012, 7, 1002, 2});
    CHECK(sums.get("b") == 1000);
    CHECK(last.get("a") == 2);
    test.send(in, "b", 1, {.timestamp = at(132)});
    CHECK(sums.get("a") == 1000);
    CHECK_FALSE(last.contains("a"));
}

TEST_CASE("a body sees what is over as of its own message") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto seen = app.table<string, int>("seen", {.init = 10, .ttl = 10ms});
    texts out;
    app.agent("c", in | weir::items() | weir::for_each([&](const auto& i) {
                       const auto size = seen.size();
                       int each = 0;
                       for ([[maybe_unused]] const auto& one : seen) ++each;
                       const auto had = seen.contains(i.key()) ? seen.get(i.key()) : -1;
                       seen[i.key()] += 1;
                       out.push_back(std::to_string(size) + std::to_string(each) + ' ' +
                                     std::to_string(had) + ' ' + std::to_string(seen[i.key()]));
                       if (i.value() == 0) seen.erase(i.key());
                   }),
              {.tables = {seen}});
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(100)});
    test.send(in, "a", 1, {.timestamp = at(110)});
    test.send(in, "a", 1, {.timestamp = at(121)});
    test.send(in, "a", 0, {.timestamp = at(122)});
    test.send(in, "a", 1, {.timestamp = at(123)});
    CHECK(out == texts{"00 -1 11", "11 11 12", "00 -1 11", "11 11 12", "00 -1 11"});
    test.send(in, "b", 1, {.timestamp = at(134)});
    CHECK(app.counters().keys == 1);
    CHECK(seen.get("a") == 10);
}

TEST_CASE("a coroutine sees what is over as of its own message") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto seen = app.table<string, int>("seen", {.ttl = 10ms});
    trace out;
    app.agent("c", in | weir::items() | weir::map([&](auto i) -> weir::task<int> {
                       co_await weir::sleep(1s);
                       seen[i.key()] += 1;
                       co_return seen[i.key()];
                   }) | weir::for_each([&](int n) { out.push_back(n); }),
              {.tables = {seen}});
    test_driver test{app};
    for (const auto time : {100, 110, 121, 131}) {
        test.send(in, "a", 1, {.timestamp = at(time)});
        test.advance(2s);
    }
    CHECK(out == trace{1, 2, 1, 2});
    test.send(in, "b", 1, {.timestamp = at(150)});
    test.advance(2s);
    CHECK_FALSE(seen.contains("a"));
    CHECK(app.counters().keys == 1);
}

TEST_CASE("changes() shows that a key is erased when it is freed") {
    expiring e;
    texts told;
    e.app.agent(
        "t", e.seen.changes() | weir::items() | weir::for_each([&](const auto& i) {
                 told.push_back(i.key() + (i.value() ? ' ' + std::to_string(*i.value()) : " goes"));
             }));
    test_driver test{e.app};
    e.send(test, "a", 100);
    test.commit();
    e.send(test, "b", 200);
    test.commit();
    std::sort(told.begin(), told.end());
    told.erase(std::unique(told.begin(), told.end()), told.end());
    CHECK(told == texts{"a 1", "a goes", "b 1"});  // the tombstone says it again
}

TEST_CASE("a table that gets a .ttl knows the age of its keys by their records") {
    expiring e{{.broker = "memory://ttl-added"}, {}};
    test_driver test{e.app};
    e.send(test, "a", 100);
    e.send(test, "b", 105);
    test.commit();
    test.kill(e.app);
    expiring again{{.broker = "memory://ttl-added"}};
    test.add(again.app);
    CHECK(all_of(again.seen) == counts{{"a", 1}, {"b", 1}});
    again.send(test, "b", 112);
    CHECK(all_of(again.seen) == counts{{"b", 2}});
    test.commit();
    test.kill(again.app);
    SUBCASE("and one that loses it keeps what is there") {
        expiring third{{.broker = "memory://ttl-added"}, {}};
        test.add(third.app);
        CHECK(all_of(third.seen) == counts{{"b", 2}});
        third.send(test, "c", 10'000);
        CHECK(all_of(third.seen) == counts{{"b", 2}, {"c", 1}});
    }
}

TEST_CASE("inputs of a table with .ttl are read by time") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto other = app.topic<string, int>("other", {.partitions = 1});
    auto seen = app.table<string, std::int64_t>("seen", {.ttl = 10ms});
    trace out;
    app.agent("c", (in & other) | weir::count(seen) |
                       weir::for_each([&](std::int64_t n) { out.push_back(int(n)); }));
    test_driver test{app};
    for (int i = 0; i < 5; ++i) {
        test.append(in, "a", 1, {.timestamp = at(100 + i * 12)});
        test.append(other, "a", 1, {.timestamp = at(106 + i * 12)});
    }
    test.run();
    CHECK(out == trace{1, 2, 3, 4, 5, 6, 7, 8, 9, 10});
}

TEST_CASE("the time of a message that is impossible does not end all keys") {
    expiring e{{.on_decode_error = weir::skip}};
    test_driver test{e.app};
    e.send(test, "a", 100);
    test.send(e.in, "b", 1, {.timestamp = weir::timestamp{10'000'000h}});
    e.send(test, "a", 110);
    CHECK(e.out == texts{"a 1 @100", "a 2 @110"});
}

TEST_CASE("a .ttl that makes no sense is refused") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    const auto window = [&] { app.table<per_key, int>("t", {.ttl = 1ms}); };
    const auto sessions = [&] { app.table<string, weir::sessions<int>>("t", {.ttl = 1ms}); };
    CHECK(refused([&] { app.table<string, int>("t", {.ttl = -1ms}); }) ==
          "weir: table 't': .ttl must not be negative; 0: keys stay");
    CHECK(refused(window) == "weir: table 't' has a .ttl: its windows go when they have closed, "
                             "and those of a view by .expires");
    CHECK(refused(sessions) == "weir: table 't' has a .ttl: its sessions go when they have closed");
    CHECK(refused([&] { app.table<string, weir::timed<int>>("t", {.ttl = 1ms}); }) ==
          "weir: table 't' has a .ttl: set a timer that erases the key");
    constexpr auto of_topic = "weir: table 'in' has a .ttl: the topic is its changelog, and weir "
                              "writes nothing to it: let the broker delete what is old, or fill a "
                              "table with to_table";
    CHECK(refused([&] { app.table(in, {.ttl = 1ms}); }) == of_topic);
    CHECK(refused([&] { app.global_table(in, {.ttl = 1ms}); }) == of_topic);
    auto one = app.table<string, std::int64_t>("one", {.ttl = 1ms});
    auto two = app.table<string, std::int64_t>("two");
    CHECK(refused([&] { app.table<string, std::int64_t>("one", {.ttl = 2ms}); }) ==
          "weir: table 'one' is declared twice with different options: give them once");
    const auto both = [](std::int64_t a, std::int64_t b) { return a + b; };
    constexpr auto joined = "weir: agent 'j' joins table 'one', which has a .ttl, with another "
                            "table: join a stream with it, or give it no .ttl and erase its keys";
    const auto ends = weir::for_each([](const auto&) {});
    CHECK(refused([&] { app.agent("j", weir::join(one, two, both) | ends); }) == joined);
    CHECK(refused([&] { app.agent("j", weir::join(two, one, both) | ends); }) == joined);
    auto groups = app.table<std::int64_t, std::int64_t>("groups", {.ttl = 1ms});
    CHECK(refused([&] {
              app.agent("g", two.changes() |
                                 weir::group_by([](std::int64_t n) { return n; }, {.name = "n"}) |
                                 weir::count(groups));
          }) == "weir: table 'groups' has a .ttl, and groups the rows of a table: a group goes on "
                "for as long as it has rows; give the grouped table a .ttl");
}

TEST_CASE("the graph shows a table's .ttl") {
    expiring e{{}, {.ttl = 24h}};
    CHECK(e.app.graph().text().find("table seen [1 partition, ttl 24 h]") != string::npos);
}
