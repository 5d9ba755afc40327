// SPDX-License-Identifier: Apache-2.0
// Tables that coroutines change: what they see, and when others do.
#include "counting.hpp"

#include <stdexcept>

namespace {

using item = weir::item<string, int>;

/// Counts in `seen` before a second of waiting, and throws behind it at 13.
struct by_coroutine {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    trace own{};  // what it sees of the key behind its change

    explicit by_coroutine(weir::app_options o = {})
        : app{"a", quiet(std::move(o))},
          in(app.topic<string, int>("in", {.partitions = 2})),
          seen(app.table<string, std::int64_t>("seen")) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    weir::task<int> count(const item& i) {
        seen[i.key()] += 1;
        own.push_back(int(seen[i.key()]));
        co_await weir::sleep(1s);
        if (i.value() == 13) throw std::runtime_error{"thirteen"};
        co_return int(seen.get(i.key()));
    }
    auto counts() {
        return [this](const item& i) { return count(i); };
    }
    auto body() {
        return [this](auto stream) -> weir::task<> {
            while (auto i = co_await stream.next()) co_await count(*i);
        };
    }
    string error(test_driver& test) {
        const auto all = test.errors();
        return all.empty() ? "" : all.back().text;
    }
};

bool has(const string& text, const string& part) { return text.find(part) != string::npos; }

}  // namespace

TEST_CASE(
    "semantics 53: a coroutine sees its own changes; others do when its message is finished") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items(), c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    CHECK(c.own == trace{1});
    CHECK(c.seen.get("x") == 0);
    CHECK(c.seen.size() == 0);
    test.advance(1s);
    CHECK(c.seen.get("x") == 1);
    test.send(c.in, "x", 1, {.partition = 0});
    test.advance(1s);
    CHECK(c.own == trace{1, 2});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 2}});
}

TEST_CASE("semantics 53: a coroutine that never waits changes a table, too") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items(),
                [&](auto stream) -> weir::task<> {
                    while (auto i = co_await stream.next()) c.seen[i->key()] += i->value();
                },
                {.tables = {c.seen}});
    test_driver test{c.app};
    for (int i : {1, 2, 3}) test.append(c.in, "x", i, {.partition = 0});
    test.run();
    CHECK(c.seen.get("x") == 6);
}

TEST_CASE(
    "semantics 54: a coroutine that throws has changed no table; a retry finds what was before") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items(), c.body(),
                {.on_error = weir::retry(1, 1s).then(weir::skip), .tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.advance(1s);
    test.send(c.in, "x", 13, {.partition = 0});
    test.advance(5s);
    CHECK(c.own == trace{1, 2, 2});
    CHECK(c.seen.get("x") == 1);
    test.send(c.in, "x", 1, {.partition = 0});
    test.advance(1s);
    CHECK(c.seen.get("x") == 2);
}

TEST_CASE("semantics 54: a call that throws has changed no table") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items() | weir::map(c.counts()), {.tables = {c.seen}});
    test_driver test{c.app};
    for (int i : {1, 13, 2}) test.append(c.in, "x", i, {.partition = 0});
    test.run();
    for (int i = 0; i < 3; ++i) test.advance(1s);
    CHECK(c.own == trace{1, 2, 2});
    CHECK(c.seen.get("x") == 2);
}

TEST_CASE("semantics 54: a call that is tried again finds what was before") {
    by_coroutine c;
    int tries = 0;
    const auto call = [&](const item& i) -> weir::task<int> {
        c.seen[i.key()] += 1;
        if (++tries == 1) throw std::runtime_error{"not yet"};
        co_return int(c.seen[i.key()]);
    };
    c.app.agent("c", c.in | weir::items() | weir::map(call),
                {.on_error = weir::retry(1, 1s), .tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    test.advance(1s);
    CHECK(tries == 2);
    CHECK(c.seen.get("x") == 1);
}

TEST_CASE("semantics 53: calls in order by key change the stream's own key") {
    by_coroutine c;
    c.app.agent("c",
                c.in | weir::items() |
                    weir::map(c.counts(), {.concurrency = 3, .order = weir::order_by::key}),
                {.tables = {c.seen}});
    test_driver test{c.app};
    for (auto* key : {"x", "y", "x", "z"}) test.append(c.in, key, 1, {.partition = 0});
    test.run();
    CHECK(c.own == trace{1, 1, 1});
    test.advance(1s);
    test.advance(1s);
    CHECK(all_of(c.seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
    test.commit();
    CHECK(test.committed(c.in, 0) == committed{4});
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 2}, {"y", 1}, {"z", 1}});
}

TEST_CASE(
    "semantics 53: a call that has others beside it changes no other key, and in no order none") {
    by_coroutine c;
    const auto other = [&](const item&) -> weir::task<int> {
        c.seen["other"] += 1;
        co_return 1;
    };
    c.app.agent(
        "c",
        c.in | weir::items() | weir::map(other, {.concurrency = 2, .order = weir::order_by::key}),
        {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    CHECK(has(c.error(test), "at another key than its message's"));
    CHECK(c.seen.size() == 0);

    by_coroutine d;
    d.app.agent("c", d.in | weir::items() | weir::map(d.counts(), {.concurrency = 2}),
                {.tables = {d.seen}});
    test_driver second{d.app};
    second.send(d.in, "x", 1);
    CHECK(has(d.error(second), "give its stage concurrency 1, or .order = order_by::key"));
    CHECK(d.seen.size() == 0);
}

TEST_CASE("semantics 53: a coroutine without a message changes nothing, and says so") {
    by_coroutine c;
    string early, late;
    const auto change = [&](string& said) {
        try {
            c.seen["x"] += 1;
        } catch (const weir::error& e) { said = e.what(); }
    };
    c.app.agent("c", c.in | weir::items(),
                [&](auto stream) -> weir::task<> {
                    change(early);
                    while (auto i = co_await stream.next()) {}
                    change(late);
                },
                {.tables = {c.seen}});
    {
        test_driver test{c.app};
        test.send(c.in, "x", 1);
        test.stop();
    }
    CHECK(has(early, "works on no message"));
    CHECK(has(late, "works on no message"));
    CHECK(c.seen.size() == 0);
}

TEST_CASE("semantics 53: one table is not changed by functions and by a coroutine") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items() | weir::tap([&](const item& i) { c.seen[i.key()] += 1; }),
                c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1);
    CHECK(has(c.error(test), "by a coroutine of it, too"));

    by_coroutine d;
    d.app.agent("c",
                d.in | weir::count(d.seen) | weir::items() |
                    weir::map([&](const weir::item<string, std::int64_t>& i) -> weir::task<int> {
                        d.seen[i.key()] += 1;
                        co_return 1;
                    }));
    test_driver second{d.app};
    second.send(d.in, "x", 1);
    CHECK(has(d.error(second), "by a coroutine of it, too"));
    CHECK(d.seen.get("x") == 1);
}

TEST_CASE("semantics 53: two coroutines of an agent do not change one key at once") {
    by_coroutine c;
    const auto first = [&](const item& i) -> weir::task<item> {
        const auto its = i;
        c.seen[its.key()] += 1;
        co_await weir::sleep(1s * its.value());
        co_return its;
    };
    const auto then = [&](const item&) -> weir::task<int> {
        c.seen["y"] += 1;
        co_return 1;
    };
    c.app.agent("c",
                c.in | weir::items() |
                    weir::map(first, {.concurrency = 2, .order = weir::order_by::key}) |
                    weir::map(then),
                {.tables = {c.seen}});
    test_driver test{c.app};
    test.append(c.in, "x", 1, {.partition = 0});
    test.append(c.in, "y", 5, {.partition = 0});
    test.run();
    test.advance(1s);
    CHECK(has(c.error(test), "at the same key"));
    test.advance(5s);
    CHECK(all_of(c.seen) == counts{{"x", 1}, {"y", 2}});
}

TEST_CASE("semantics 63: what a coroutine changes for a lost partition changes nothing") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items(), c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.lose(c.in, 0);
    test.assign(c.in, 0);
    test.advance(1s);
    test.advance(1s);
    CHECK(c.own == trace{1, 1});
    CHECK(c.seen.get("x") == 1);
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 1}});
}

TEST_CASE("semantics 63: so it is with a call of a lost partition") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items() | weir::map(c.counts()), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.lose(c.in, 0);
    test.assign(c.in, 0);
    for (int i = 0; i < 3; ++i) test.advance(1s);
    CHECK(c.seen.get("x") == 1);
}

TEST_CASE("semantics 63: a coroutine changes nothing for the lost messages of a batch") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items() | weir::take(2, 10s) | weir::flat_map(std::identity{}),
                c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.send(c.in, "y", 1, {.partition = 1});  // the coroutine is at x meanwhile
    test.lose(c.in, 1);
    test.assign(c.in, 1);
    test.run();  // the table is here again
    for (int i = 0; i < 20; ++i) test.advance(1s);
    CHECK(all_of(c.seen) == counts{{"x", 1}, {"y", 1}});
    test.commit();
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 1}, {"y", 1}});
}

TEST_CASE("semantics 60: what a coroutine has changed is left out, and not seen by itself") {
    by_coroutine c{{.broker = "memory://coroutines-again"}};
    c.app.agent("c", c.in | weir::items(), c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 1, {.partition = 0});
    test.advance(1s);
    test.fail_next_commit();
    test.commit();
    REQUIRE(folded(test, "a-seen-changelog") == counts{{"x", 1}});
    REQUIRE(test.committed(c.in, 0) == nothing);
    test.kill(c.app);

    by_coroutine d{{.broker = "memory://coroutines-again"}};
    d.app.agent("c", d.in | weir::items(), d.body(), {.tables = {d.seen}});
    test.add(d.app);
    test.advance(1s);
    CHECK(d.own == trace{1});
    CHECK(d.seen.get("x") == 1);
    test.send(d.in, "x", 1, {.partition = 0});
    test.advance(1s);
    CHECK(d.seen.get("x") == 2);
}

TEST_CASE("semantics 53: a coroutine erases, puts, and finds what it has put") {
    by_coroutine c;
    trace found;
    c.app.agent("c", c.in | weir::items(),
                [&](auto stream) -> weir::task<> {
                    while (auto i = co_await stream.next()) {
                        c.seen.put("a", 5);
                        c.seen.put("b", i->value());
                        c.seen.erase("a");
                        found.push_back(c.seen.contains("a"));
                        found.push_back(int(*c.seen.find("b")));
                        c.seen.erase("never");
                        co_await weir::sleep(1s);
                        found.push_back(int(c.seen["b"]));
                    }
                },
                {.tables = {c.seen}});
    test_driver test{c.app};
    test.send(c.in, "x", 7);
    test.advance(1s);
    CHECK(found == trace{0, 7, 7});
    CHECK(all_of(c.seen) == counts{{"b", 7}});
}

TEST_CASE("semantics 53: behind take a coroutine changes the table for each message of the batch") {
    by_coroutine c;
    c.app.agent("c", c.in | weir::items() | weir::take(2, 10s) | weir::flat_map(std::identity{}),
                c.body(), {.tables = {c.seen}});
    test_driver test{c.app};
    for (int i : {1, 2, 3, 4}) test.append(c.in, "x", i, {.partition = 0});
    test.run();
    for (int i = 0; i < 5; ++i) test.advance(1s);
    CHECK(c.own == trace{1, 2, 3, 4});
    CHECK(c.seen.get("x") == 4);
    test.commit();
    CHECK(test.committed(c.in, 0) == committed{4});
    CHECK(folded(test, "a-seen-changelog") == counts{{"x", 4}});
}
