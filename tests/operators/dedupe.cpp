// SPDX-License-Identifier: Apache-2.0
#include "../state/windowing.hpp"
#include "state/changelog.hpp"

#include "counted.hpp"

using weir::testing::counted;

namespace {

struct told : silent {
    texts passed{};
    void passed_over(const weir::passed_message& m) override {
        passed.push_back(string{m.topic} + '[' + std::to_string(m.partition) + "]@" +
                         std::to_string(m.offset) + ": " + string{m.why});
    }
};

/// `in | dedupe | for_each`.
struct deduped {
    told hooks{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<int, weir::detail::first_seen> ids;
    numbers out{};
    int fails = 0;

    explicit deduped(weir::app_options o = {}, weir::partition_id n = 1)
        : app{"a", with(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = n})),
          ids(draw()) {}
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
    weir::table<int, weir::detail::first_seen> draw() {
        app.agent("d", in | weir::filter([](int v) { return v < 1000; }) |
                           weir::dedupe([](int v) { return v % 100; }, 10ms) |
                           weir::for_each([this](int v) {
                               if (fails > 0 && fails-- > 0) throw std::runtime_error{"no"};
                               out.push_back(v);
                           }));
        return app.table<int, weir::detail::first_seen>("d-dedupe");
    }
    numbers send(test_driver& test, int value, std::int64_t time, const string& key = "k") {
        out.clear();
        test.send(in, key, value, {.timestamp = at(time)});
        return out;
    }
};

}  // namespace

TEST_CASE("semantics 94: the first value of an id passes, later ones within the time do not") {
    deduped d;
    test_driver test{d.app};
    CHECK(d.send(test, 1, 100) == numbers{1});
    CHECK(d.send(test, 101, 105) == numbers{});
    CHECK(d.send(test, 2, 105) == numbers{2});
    CHECK(d.send(test, 201, 110) == numbers{});  // the end belongs to it
    CHECK(d.send(test, 301, 111) == numbers{301});
    CHECK(d.send(test, 401, 120) == numbers{});
    CHECK(d.hooks.passed == texts{"in[0]@1: its id came before", "in[0]@3: its id came before",
                                  "in[0]@5: its id came before"});
    CHECK(d.app.counters().passed_over == 3);
}

TEST_CASE("semantics 94: a repeat does not prolong the time") {
    deduped d;
    test_driver test{d.app};
    CHECK(d.send(test, 1, 100) == numbers{1});
    CHECK(d.send(test, 101, 109) == numbers{});
    CHECK(d.send(test, 201, 112) == numbers{201});
}

TEST_CASE("semantics 94: the time of an id is stream time when it came, whatever its own is") {
    deduped d;
    test_driver test{d.app};
    CHECK(d.send(test, 1, 1000) == numbers{1});
    CHECK(d.send(test, 2, 10) == numbers{2});        // far behind: it is no repeat
    CHECK(d.send(test, 102, 5) == numbers{});        // and what repeats it is one
    CHECK(d.send(test, 101, 5000) == numbers{101});  // its time is over with itself
    CHECK(d.send(test, 202, 11) == numbers{202});
}

TEST_CASE("semantics 72: what a filter drops before dedupe moves the time, too") {
    deduped d;
    test_driver test{d.app};
    CHECK(d.send(test, 1, 100) == numbers{1});
    CHECK(d.send(test, 1000, 111) == numbers{});
    CHECK(d.send(test, 101, 100) == numbers{101});
}

TEST_CASE("semantics 94: what is forgotten leaves the table and its changelog") {
    deduped d;
    test_driver test{d.app};
    for (int v = 0; v < 100; ++v) d.send(test, v, 100);
    test.commit();
    CHECK(test.entries(d.ids).size() == 100);
    CHECK(test.changelog(d.ids).size() == 100);
    for (int n = 0; n < 10; ++n) d.send(test, 1000, 200 + n);
    test.commit();
    test.commit();
    CHECK(test.entries(d.ids).empty());
    CHECK(test.changelog(d.ids).empty());
}

TEST_CASE("semantics 94: ids are compared within a partition") {
    deduped d{{}, 2};
    test_driver test{d.app};
    const auto to = [&](int v, weir::partition_id p) {
        d.out.clear();
        test.send(d.in, "k", v, {.partition = p, .timestamp = at(100)});
        return d.out;
    };
    CHECK(to(1, 0) == numbers{1});
    CHECK(to(101, 1) == numbers{101});
    CHECK(to(201, 0) == numbers{});
}

TEST_CASE("semantics 54: a message that fails has left no id: its retry passes") {
    deduped d{{.on_error = weir::retry(3, 1s)}};
    test_driver test{d.app};
    d.fails = 2;
    CHECK(d.send(test, 1, 100) == numbers{});
    test.advance(5s);
    CHECK(d.out == numbers{1});
    CHECK(d.send(test, 101, 101) == numbers{});
}

TEST_CASE("semantics 54: an id that a message that fails has forgotten is forgotten by the next") {
    deduped d{{.on_error = weir::skip}};
    test_driver test{d.app};
    d.send(test, 1, 100);
    d.fails = 1;
    CHECK(d.send(test, 2, 200) == numbers{});  // forgets 1, and fails
    CHECK(test.entries(d.ids).size() == 1);
    d.send(test, 3, 200);
    CHECK(test.entries(d.ids).size() == 1);
    CHECK(test.entries(d.ids).front().first == 3);
}

TEST_CASE("semantics 60: after a crash what was committed does not pass, and what was not does") {
    deduped d;
    test_driver test{d.app};
    d.send(test, 1, 100);
    test.commit();
    d.send(test, 2, 101);
    test.kill(d.app);
    d.out.clear();
    test.restart();
    CHECK(d.out == numbers{2});
    CHECK(d.send(test, 101, 102) == numbers{});
    CHECK(d.send(test, 102, 102) == numbers{});
    CHECK(d.send(test, 201, 111) == numbers{201});
}

TEST_CASE("semantics 60: a first one that only the changelog has passes nothing on again") {
    deduped d;
    test_driver test{d.app};
    d.send(test, 1, 100);
    test.fail_next_commit(2);
    test.commit();
    CHECK(test.committed(d.in, 0).value_or(0) == 0);
    test.kill(d.app);
    d.out.clear();
    d.hooks.passed.clear();
    test.restart();
    CHECK(d.out == numbers{});
    CHECK(d.hooks.passed == texts{});  // it is the first, and no repeat
    CHECK(d.send(test, 101, 102) == numbers{});
}

TEST_CASE("semantics 60: a first one of a cut that is not complete is no repeat of itself") {
    deduped d;
    test_driver test{d.app};
    test.commit();
    d.send(test, 1, 100);
    d.send(test, 2, 101);
    test.kill(d.app);
    const auto log = test.peek<weir::bytes, weir::bytes>("a-d-dedupe-changelog");
    const auto owner = weir::detail::changelog_owner::of(test.events(log).back().value());
    const weir::detail::cut_stamp stamp{owner.epoch, owner.owner, {2}};
    weir::bytes key, value;
    weir::detail::encode_onto(1, key);
    weir::detail::encode_onto(weir::detail::first_seen{at(100)}, value);
    test.append_raw(log, key, value,  // and 2 did not arrive
                    {.partition = 0,
                     .headers = {{weir::detail::stamp_header, weir::bytes{stamp.text({"in"})}}}});
    d.out.clear();
    test.restart();
    CHECK(d.out == numbers{2});
    CHECK(d.hooks.passed == texts{});
    CHECK(d.send(test, 101, 102) == numbers{});
}

TEST_CASE("a partition that is revoked takes its ids with it") {
    deduped d{{}, 2};
    test_driver test{d.app};
    test.send(d.in, "k", 1, {.partition = 0, .timestamp = at(100)});
    test.revoke(d.in, 0);
    CHECK(test.entries(d.ids).empty());
    test.assign(d.in, 0);
    test.run();
    CHECK(test.entries(d.ids).size() == 1);
    d.out.clear();
    test.send(d.in, "k", 101, {.partition = 0, .timestamp = at(100)});
    CHECK(d.out == numbers{});
}

TEST_CASE("an id may be null: such values pass; it may be text, a field or a view") {
    struct order {
        std::optional<string> id{};
        int sum = 0;
        bool operator==(const order&) const = default;
    };
    weir::app app{"a"};
    auto in = app.topic<order>("in", {.partitions = 1});
    auto words = app.topic<string>("words", {.partitions = 1});
    numbers sums;
    texts out;
    app.agent("d", in | weir::dedupe(&order::id, 1h) |
                       weir::for_each([&](const order& o) { sums.push_back(o.sum); }));
    app.agent(
        "w",
        words | weir::dedupe([](const string& s) { return std::string_view{s}.substr(0, 2); }, 1h) |
            weir::for_each([&](const string& s) { out.push_back(s); }));
    test_driver test{app};
    for (auto [id, sum] : std::vector<std::pair<std::optional<string>, int>>{
             {"a", 1}, {{}, 2}, {"a", 3}, {{}, 4}, {"b", 5}})
        test.send(in, {id, sum});
    CHECK(sums == numbers{1, 2, 4, 5});
    for (auto* w : {"one", "onto", "two", "twin"}) test.send(words, w);
    CHECK(out == texts{"one", "two"});
}

TEST_CASE("a key that is null and a null value are no reason to pass anything over") {
    weir::app app{"a"};
    auto in = app.topic<std::optional<string>, std::optional<int>>("in", {.partitions = 1});
    int n = 0;
    app.agent("d", in | weir::dedupe(std::identity{}, 1h) | weir::for_each([&](auto&) { ++n; }));
    test_driver test{app};
    test.send(in, std::nullopt, std::nullopt);
    test.send(in, "k", std::nullopt);
    test.send(in, std::nullopt, 1);
    test.send(in, "k", 1);
    CHECK(n == 3);
}

TEST_CASE("what dedupe passes on is the decoded value itself") {
    weir::app app{"a"};
    auto in = app.topic<counted>("in", {.partitions = 1});
    app.agent("d", in | weir::dedupe([](const counted& c) { return c.number; }, 1h) |
                       weir::for_each([](const counted&) {}));
    test_driver test{app};
    test.send(in, counted{1});
    counted::copies = 0;
    test.send(in, counted{2});
    test.send(in, counted{2});
    CHECK(counted::copies == 0);
}

TEST_CASE("semantics 72: dedupe behind a batch that is taken apart sees each value at its time") {
    told hooks;
    weir::app app{"a", {.hooks = &hooks}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    numbers out;
    app.agent("d", in | weir::take(4) | weir::flat_map(std::identity{}) |
                       weir::dedupe([](int v) { return v % 100; }, 10ms) |
                       weir::for_each([&](int v) { out.push_back(v); }));
    test_driver test{app};
    for (auto [v, t] : {std::pair{1, 100}, {101, 110}, {201, 111}, {301, 112}})
        test.append(in, "k", v, {.timestamp = at(t)});
    test.run();
    CHECK(out == numbers{1, 201});
    CHECK(hooks.passed.size() == 2);
}

TEST_CASE("dedupe is drawn with its table; two of one agent have a changelog each") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 3});
    app.agent("my-d", in | weir::dedupe(std::identity{}, 1h) |
                          weir::dedupe([](int v) { return v / 10; }, 1min) |
                          weir::for_each([](int) {}));
    test_driver test{app};
    CHECK(test.partitions("a-my--d-dedupe-changelog") == 3);
    CHECK(test.partitions("a-my--d-dedupe-2-changelog") == 3);
    const auto text = app.graph().text();
    CHECK(text.find("dedupe(1 h)") != string::npos);
    CHECK(text.find("dedupe(1 min)") != string::npos);
    CHECK(text.find("my--d-dedupe-2") != string::npos);
}

TEST_CASE("dedupe of a time that makes no sense, or without a name or a topic, is refused") {
    CHECK_THROWS_WITH(weir::dedupe(std::identity{}, 0s),
                      "weir: dedupe(f, d): the time in which an id counts as the same must be "
                      "positive");
    weir::app app{"a"};
    auto in = app.topic<int>("in");
    auto unnamed = app.stream(in) | weir::dedupe(std::identity{}, 1h);
    CHECK_THROWS_WITH(unnamed.begin(),
                      "weir: a stream with a dedupe needs a name, which names its changelog: "
                      "app.stream(…, {.name = …})");
    CHECK_THROWS_WITH(app.agent("r", weir::from(numbers{1, 2}) | weir::dedupe(std::identity{}, 1h) |
                                         weir::for_each([](int) {})),
                      "weir: agent 'r' changes table 'r-dedupe' by values that come from no topic, "
                      "so they could not be read again after a restart: send them to a topic "
                      "first");
}
