// SPDX-License-Identifier: Apache-2.0
// What a changelog can look like after crashes and handovers, and what is restored of it.
#include "counting.hpp"

#include <map>
#include <random>
#include <stdexcept>

#include <weir/state/rows.hpp>

namespace {

using weir::detail::changelog_owner;
using weir::detail::cut_stamp;
using weir::detail::erased_header;
using weir::detail::is_bookkeeping;
using weir::detail::mark_key;
using weir::detail::owner_key;
using weir::detail::stamp_header;

weir::bytes encoded(std::int64_t n) {
    weir::bytes b;
    weir::detail::encode_onto(n, b);
    return b;
}
/// The last one that the changelog names.
changelog_owner owner_of(test_driver& test, const char* changelog) {
    changelog_owner o;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog)))
        if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
    return o;
}
/// Writes a row as that owner would.
void write_row(test_driver& test, const char* changelog, const changelog_owner& by,
               const string& key, std::int64_t value, offset cut) {
    const auto text = cut_stamp{by.epoch, by.owner, {cut}}.text({"in"});
    test.append_raw(changelog, key, encoded(value),
                    {.partition = 0, .headers = {{stamp_header, weir::bytes{text}}}});
}
void write_mark(test_driver& test, const char* changelog, const changelog_owner& by, offset cut) {
    const auto text = cut_stamp{by.epoch, by.owner, {cut}}.text({"in"});
    test.append_raw(changelog, mark_key, text,
                    {.partition = 0, .headers = {{stamp_header, weir::bytes{text}}}});
}
void send(test_driver& test, counting& c, const char* keys) {
    for (; *keys; ++keys) test.append(c.in, string(1, *keys), 1);
    test.run();
}

/// The first process of a group has counted `before` and committed that; then `behind` has come,
/// and it was killed. `by` is who it was in the changelog.
struct crashed {
    weir::app_options shared;
    counting one{1, shared};
    test_driver test{one.app};
    changelog_owner by;
    crashed(const string& broker, const char* before, const char* behind)
        : shared{.broker = "memory://" + broker} {
        send(test, one, before);
        test.commit();
        by = owner_of(test, one.changelog);
        send(test, one, behind);
        test.kill(one.app);
    }
};

}  // namespace

TEST_CASE(
    "a cut that is not complete: its keys are not counted twice, and the others are counted") {
    crashed c{"restore-unfinished", "xy", "xy"};
    write_row(c.test, c.one.changelog, c.by, "x", 2, 4);  // y of this cut did not arrive
    counting two{1, c.shared};
    c.test.add(two.app);
    CHECK(all_of(two.seen) == counts{{"x", 2}, {"y", 2}});
    CHECK(two.out == trace{2});  // nothing comes of the x that is in the table
    send(c.test, two, "x");
    CHECK(all_of(two.seen) == counts{{"x", 3}, {"y", 2}});
}

TEST_CASE("two cuts that are not complete: each row is as of its own") {
    crashed c{"restore-two", "xy", "xyx"};
    write_row(c.test, c.one.changelog, c.by, "x", 2, 3);
    write_row(c.test, c.one.changelog, c.by, "y", 2, 5);  // the cut's x, which is 3, did not arrive
    counting two{1, c.shared};
    c.test.add(two.app);
    CHECK(all_of(two.seen) == counts{{"x", 3}, {"y", 2}});
}

TEST_CASE("a row that arrives while the next owner restores is in its own cut, whoever restores") {
    crashed c{"restore-handover", "xxx", "xxxx"};
    write_row(c.test, c.one.changelog, c.by, "x", 7, 7);  // the mark did not arrive
    counting two{1, c.shared}, three{1, c.shared};
    c.test.add(two.app);
    CHECK(two.seen.get("x") == 7);
    c.test.kill(two.app);  // before any cut of its own
    c.test.add(three.app);
    CHECK(three.seen.get("x") == 7);
    send(c.test, three, "x");
    c.test.restart(three.app);
    CHECK(three.seen.get("x") == 8);
}

TEST_CASE("what an owner writes that was followed by another is ignored") {
    crashed c{"restore-zombie", "xxx", "xxxx"};
    counting two{1, c.shared}, three{1, c.shared};
    c.test.add(two.app);
    CHECK(two.seen.get("x") == 7);
    write_row(c.test, c.one.changelog, c.by, "x", 5, 5);
    write_mark(c.test, c.one.changelog, c.by, 100);
    c.test.kill(two.app);
    c.test.add(three.app);
    CHECK(three.seen.get("x") == 7);
    c.test.commit();
    write_row(c.test, c.one.changelog, c.by, "x", 5, 5);
    counting four{1, c.shared};
    c.test.kill(three.app);
    c.test.add(four.app);
    CHECK(four.seen.get("x") == 7);
}

TEST_CASE("what a former owner has written too late is counted, and told once a restore") {
    crashed c{"restore-late", "xxx", "xxxx"};
    counting two{1, c.shared}, three{1, c.shared}, four{1, c.shared};
    c.test.add(two.app);
    CHECK(two.hush.lines.empty());
    const auto second = owner_of(c.test, c.one.changelog);
    write_row(c.test, c.one.changelog, c.by, "x", 5, 5);
    write_mark(c.test, c.one.changelog, c.by, 100);
    c.test.kill(two.app);
    c.test.add(three.app);
    write_row(c.test, c.one.changelog, second, "x", 6, 6);
    CHECK(three.hush.lines == texts{"table 'seen'[0] is restored without 2 records that former "
                                    "owners of the partition have written too late: 2 by " +
                                    c.by.owner + " (epoch 1)"});
    CHECK(three.app.counters().late_records == 2);
    CHECK(three.app.counters().text().ends_with("late records of changelogs 2"));
    c.test.kill(three.app);
    c.test.add(four.app);
    CHECK(four.hush.lines == texts{"table 'seen'[0] is restored without 3 records that former "
                                   "owners of the partition have written too late: 2 by " +
                                   c.by.owner + " (epoch 1), 1 by " + second.owner + " (epoch 2)"});
    CHECK(four.seen.get("x") == 7);
}

TEST_CASE("each new owner has a higher epoch, and the changelog keeps its name") {
    counting c;
    test_driver test{c.app};
    const auto first = owner_of(test, c.changelog);
    test.restart();
    const auto second = owner_of(test, c.changelog);
    CHECK(first.app == "a");
    CHECK(first.table == "seen");
    CHECK(second.epoch == first.epoch + 1);
    CHECK(second.changelog == first.changelog);
    CHECK(second.owner != first.owner);
}

TEST_CASE("an erased key is written as erased, then as a tombstone behind the mark") {
    weir::app app{"a"};
    auto in = app.topic<string, std::optional<int>>("in");
    auto last = app.table<string, int>("last");
    app.agent("c", in | weir::to_table(last));
    test_driver test{app};
    test.send(in, "x", 1);
    test.commit();
    test.send(in, "x", std::nullopt);
    test.commit();
    string written;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>("a-last-changelog"))) {
        const auto& h = e.headers();
        const bool erased = h.size() > 1 && h[1].name == erased_header;
        written += e.key().view() == owner_key  ? 'o'
                   : e.key().view() == mark_key ? 'm'
                   : erased                     ? 'e'
                   : e.value().is_null()        ? 't'
                                                : 'r';
    }
    CHECK(written == "ormemt");
}

TEST_CASE("an erased key whose tombstone did not arrive stays erased") {
    crashed c{"restore-erased", "xy", ""};
    const auto text = cut_stamp{c.by.epoch, c.by.owner, {2}}.text({"in"});
    c.test.append_raw(
        c.one.changelog, "x", "",
        {.partition = 0,
         .headers = {{stamp_header, weir::bytes{text}}, {erased_header, weir::bytes{""}}}});
    write_mark(c.test, c.one.changelog, c.by, 2);
    counting two{1, c.shared};
    c.test.add(two.app);
    CHECK(all_of(two.seen) == counts{{"y", 1}});
    send(c.test, two, "y");
    c.test.commit();  // the next cut brings the tombstone
    bool tombstone = false;
    for (auto& e : c.test.events(c.test.peek<weir::bytes, weir::bytes>(c.one.changelog)))
        if (e.key() == weir::bytes{"x"}) tombstone = e.value().is_null();
    CHECK(tombstone);
}

TEST_CASE("an input that ends before what the table has seen stops the app") {
    crashed c{"restore-anew", "xyz", ""};
    write_row(c.test, c.one.changelog, c.by, "x", 9, 12);
    write_mark(c.test, c.one.changelog, c.by, 12);
    counting two{1, c.shared};
    c.test.add(two.app);
    CHECK(!c.test.running(two.app));
    CHECK(c.test.exit_code(two.app) != 0);
}

TEST_CASE("a chain of tables: the second has what came of each change that the first has") {
    weir::app_options shared{.broker = "memory://restore-chain"};
    const auto make = [](weir::app& app) {
        auto in = app.topic<string, int>("in");
        auto first = app.table<string, std::int64_t>("first");
        auto second = app.table<string, std::int64_t>("second");
        app.agent("c", in | weir::count(first) | weir::filter([](std::int64_t n) {
                           return n == 3;
                       }) | weir::count(second));
        return std::tuple{in, first, second};
    };
    silent hush;
    shared.hooks = &hush;
    for (int failing = 1; failing < 8; ++failing) {
        shared.broker = "memory://restore-chain-" + std::to_string(failing);
        weir::app one{"a", shared}, two{"a", shared};
        auto [in, first, second] = make(one);
        auto [in2, first2, second2] = make(two);
        test_driver test{one};
        for (int n = 0; n < 4; ++n) test.append(in, "x", 1);
        test.run();
        // the cut breaks off at one of its records
        const auto* log = failing % 2 ? "a-first-changelog" : "a-second-changelog";
        for (int n = 0; n < failing / 2; ++n) test.fail_next_send(log, 1);
        test.commit();
        test.kill(one);
        test.fail_next_send("a-first-changelog", 0);
        test.fail_next_send("a-second-changelog", 0);
        test.add(two);
        CHECK(first2.get("x") == 4);
        CHECK(second2.get("x") == 1);
    }
}

namespace {

/// Two tables: `first` counts, and `second` counts the keys that have come twice.
struct chain {
    weir::app app;
    weir::topic<string, int> in, other;
    weir::table<string, std::int64_t> first, second;
    chain(const weir::app_options& o, bool calls)
        : app{"a", o},
          in(app.topic<string, int>("in")),
          other(app.topic<string, int>("other")),
          first(app.table<string, std::int64_t>("first")),
          second(app.table<string, std::int64_t>("second")) {
        const auto twice = weir::filter([](std::int64_t n) { return n == 2; });
        const auto wait = [](int seconds) -> weir::task<int> {
            co_await weir::sleep(1s * seconds);
            co_return seconds;
        };
        if (calls)
            app.agent("c", in | weir::map(wait, {.concurrency = 3, .order = weir::order_by::none}) |
                               weir::count(first) | twice | weir::count(second));
        else app.agent("c", (in & other) | weir::count(first) | twice | weir::count(second));
    }
};

}  // namespace

TEST_CASE("a chain of tables: after a crash messages in another order change none twice") {
    silent hush;
    for (const bool calls : {false, true}) {
        const weir::app_options shared{.broker = calls ? "memory://chain-calls" : "memory://chain",
                                       .commit_interval = 1h,
                                       .hooks = &hush};
        chain one{shared, calls}, two{shared, calls};
        test_driver test{one.app};
        const auto& where = calls ? one.in : one.other;
        test.send(one.in, "x", calls ? 5 : 0);
        test.advance(5s);
        test.send(where, "x", 0);
        CHECK(one.second.get("x") == 1);
        test.fail_next_send("a-first-changelog", 1);
        test.commit();  // the second table is written, the first is not
        test.kill(one.app);
        test.fail_next_send("a-first-changelog", 0);
        CHECK(test.committed(one.in, 0).value_or(0) == 0);
        // these could come before the second message now
        test.append(one.in, "x", 0);
        test.append(one.other, "x", 0);
        test.add(two.app);
        test.advance(9s);
        CHECK(two.first.get("x") == (calls ? 3 : 4));
        CHECK(two.second.get("x") == 1);
    }
}

TEST_CASE("a chain of tables: a batch that waits for more messages gets them after a crash") {
    silent hush;
    const weir::app_options shared{.broker = "memory://chain-waits", .hooks = &hush};
    const auto make = [&](weir::app& app) {
        auto in = app.topic<string, int>("in");
        auto first = app.table<string, std::int64_t>("first");
        auto second = app.table<string, std::int64_t>("second");
        app.agent("c", in | weir::take(3, 10s) | weir::flat_map(std::identity{}) |
                           weir::count(first) | weir::count(second));
        return std::tuple{in, first, second};
    };
    weir::app one{"a", shared}, two{"a", shared};
    const auto [in, first, second] = make(one);
    const auto [in2, first2, second2] = make(two);
    test_driver test{one};
    test.send(in, "x", 0);
    test.fail_next_send("a-first-changelog", 1);
    test.advance(10s);
    test.commit();
    test.kill(one);
    test.fail_next_send("a-first-changelog", 0);
    for (int n = 0; n < 2; ++n) test.append(in, "x", 0);
    test.add(two);
    CHECK(first2.get("x") == 3);
    CHECK(second2.get("x") == 3);
}

TEST_CASE("a chain of tables: after a crash a take behind one of two inputs makes a short batch") {
    silent hush;
    const weir::app_options shared{
        .broker = "memory://chain-flushes", .commit_interval = 1h, .hooks = &hush};
    const auto make = [&](weir::app& app) {
        auto in = app.topic<string, int>("in"), other = app.topic<string, int>("other");
        auto first = app.table<string, std::int64_t>("first");
        auto second = app.table<string, std::int64_t>("second");
        const auto is_second = weir::filter([](std::int64_t n) { return n == 2; });
        app.agent("c", ((in | weir::take(3, 10s) | weir::flat_map(std::identity{})) & other) |
                           weir::count(first) | is_second | weir::count(second));
        return std::tuple{in, other, first, second};
    };
    weir::app one{"a", shared}, two{"a", shared};
    const auto [in, other, first, second] = make(one);
    const auto [in2, other2, first2, second2] = make(two);
    test_driver test{one};
    test.send(in, "x", 0);
    test.advance(10s);
    test.fail_next_send("a-first-changelog", 1);
    test.commit();  // the second table is written: it has counted nothing of this message
    test.kill(one);
    test.fail_next_send("a-first-changelog", 0);
    test.append(other, "x", 0);
    test.add(two);
    CHECK(first2.get("x") == 2);
    CHECK(second2.get("x") == 1);
}

TEST_CASE("a chain of tables: after a crash an input waits for another no longer than 10 s") {
    silent hush;
    const weir::app_options shared{
        .broker = "memory://chain-pause", .on_error = weir::retry(3, 1h), .hooks = &hush};
    bool fails = false;
    const auto make = [&](weir::app& app) {
        auto in = app.topic<string, int>("in"), other = app.topic<string, int>("other");
        auto first = app.table<string, std::int64_t>("first");
        auto second = app.table<string, std::int64_t>("second");
        const auto fail = weir::tap([&](int n) {
            if (fails && n == 7) throw std::runtime_error{"no"};
        });
        app.agent("c", (in & other) | fail | weir::count(first) | weir::count(second));
        return std::tuple{in, other, first};
    };
    weir::app one{"a", shared}, two{"a", shared};
    const auto [in, other, first] = make(one);
    const auto [in2, other2, first2] = make(two);
    test_driver test{one};
    test.send(in, "x", 1);
    test.send(other, "x", 7);
    test.fail_next_send("a-first-changelog", 1);
    test.commit();
    test.kill(one);
    test.fail_next_send("a-first-changelog", 0);
    test.append(in, "x", 1);
    fails = true;
    test.add(two);
    test.advance(9s);
    CHECK(first2.get("x") == 1);
    test.advance(1s);
    CHECK(first2.get("x") == 2);
}

TEST_CASE("tables of several agents: after a crash none waits for what another one has written") {
    silent hush;
    const weir::app_options shared{
        .broker = "memory://several-agents", .on_error = weir::retry(3, 1h), .hooks = &hush};
    bool fails = false;
    const auto make = [&](weir::app& app) {
        auto in = app.topic<string, int>("in"), other = app.topic<string, int>("other");
        auto first = app.table<string, std::int64_t>("first");
        auto second = app.table<string, std::int64_t>("second");
        const auto fail = weir::tap([&](int n) {
            if (fails && n == 7) throw std::runtime_error{"no"};
        });
        app.agent("f", (in & other) | fail | weir::count(first));
        app.agent("s", (in & other) | weir::count(second));
        return std::tuple{in, other, first, second};
    };
    weir::app one{"a", shared}, two{"a", shared};
    const auto [in, other, first, second] = make(one);
    const auto [in2, other2, first2, second2] = make(two);
    test_driver test{one};
    test.send(in, "x", 1);
    test.send(other, "x", 7);
    test.fail_next_send("a-first-changelog", 1);
    test.commit();  // the second table is written, the first is not
    test.kill(one);
    test.fail_next_send("a-first-changelog", 0);
    test.append(in, "x", 1);
    fails = true;
    test.add(two);
    CHECK(first2.get("x") == 2);   // two of `in`; the one of `other` fails
    CHECK(second2.get("x") == 3);  // each once
}

// ------------------------------------------------------------------------------------------- rows
TEST_CASE("rows are found, made and erased like a map's") {
    weir::detail::rows<std::uint64_t, int> rows;
    std::map<std::uint64_t, int> wanted;
    std::mt19937_64 random{7};
    for (int i = 0; i < 200'000; ++i) {
        const auto key = random() % 3000 * 0x100000001u;
        auto* r = rows.find(key);
        CHECK_MESSAGE((r != nullptr) == wanted.contains(key), "key " << key);
        if (r && random() % 3 == 0) {
            rows.erase(*r);
            wanted.erase(key);
        } else {
            wanted[key] = rows.of(key).value = i;
        }
    }
    CHECK(rows.size() == wanted.size());
    for (auto& [k, v] : wanted) {
        REQUIRE(rows.find(k));
        CHECK(rows.find(k)->value == v);
    }
}

TEST_CASE("a row stays where it is while others come") {
    weir::detail::rows<string, int> rows;
    auto& first = rows.of("first");
    first.value = 1;
    for (int i = 0; i < 300'000; ++i) rows.of(std::to_string(i)).value = i;
    CHECK(&rows.of("first") == &first);
    CHECK(first.value == 1);
    CHECK(rows.find("299999")->value == 299'999);
    CHECK(rows.size() == 300'001);
}

TEST_CASE("keys without a hash, and floating point keys, are told apart by their bytes") {
    struct place {
        string city;
        int street;
    };
    weir::detail::rows<place, int> rows;
    rows.of({"rome", 1}).value = 1;
    rows.of({"rome", 2}).value = 2;
    CHECK(rows.find({"rome", 1})->value == 1);
    CHECK(rows.find({"rome", 2})->value == 2);
    CHECK(!rows.find({"oslo", 1}));
    weir::detail::rows<double, int> real;
    real.of(0.0).value = 1;
    real.of(-0.0).value = 2;  // another key in Kafka
    CHECK(real.find(0.0)->value == 1);
}

TEST_CASE("a cut's text is read as it was written, and what is none is refused") {
    const cut_stamp s{3, "8f21a07c", {1042, 7}};
    const auto text = s.text({"orders", "payments"});
    CHECK(text == "3.8f21a07c orders=1042 payments=7");
    const auto read = cut_stamp::of(text, {"payments", "other", "orders"});
    CHECK(read.epoch == 3);
    CHECK(read.owner == "8f21a07c");
    CHECK(read.at == weir::detail::cut{7, 0, 1042});
    for (auto* bad : {"", "x", "3.a orders", "3.a orders=x", "3.a orders=1 =2x"})
        CHECK_THROWS_AS(cut_stamp::of(bad, {"orders"}), weir::error);
    CHECK_THROWS_WITH_AS(changelog_owner::of("weir 2\n"), doctest::Contains("'weir 2'"),
                         weir::error);
}
