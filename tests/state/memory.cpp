// SPDX-License-Identifier: Apache-2.0
// Limits of tables in memory: what counts, and what happens when one is reached.
#include "counting.hpp"
#include "refused.hpp"

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include <weir/state/heap_bytes.hpp>

namespace {

using weir::detail::block_bytes;
using weir::detail::heap_bytes;

struct sale {
    string who;
    double price = 0;
    std::vector<string> tags{};
    std::optional<string> note{};
};
struct counted {
    std::shared_ptr<int> shared{};
    std::size_t heap_bytes() const { return 320; }
};

/// `in | aggregate(last)`: the value is the last one, as a string of so many characters.
struct keeping {
    silent hush{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, string> last;
    test_driver test;

    explicit keeping(weir::table_options<string> o = {}, weir::app_options a = {},
                     weir::partition_id partitions = 1)
        : app{"a", quiet(std::move(a))},
          in(app.topic<string, int>("in", {.partitions = partitions})),
          last(app.table<string, string>("last", std::move(o))),
          test((app.agent("k",
                          in | weir::aggregate(
                                   last, [](string& s, int n) { s.assign(std::size_t(n), 'x'); })),
                app)) {}
    weir::app_options quiet(weir::app_options o) {
        o.hooks = &hush;
        return o;
    }
    const weir::detail::shard& shard(std::size_t p = 0) const { return *last.info().shards[p]; }
    string why(weir::partition_id p = 0) const {
        const auto b = app.explain("in", p);
        return b ? b->why : "nothing";
    }
};

}  // namespace

TEST_CASE("what a value has allocated is counted by its size, through fields and elements") {
    CHECK(heap_bytes(std::int64_t{7}) == 0);
    CHECK(heap_bytes(string("short")) == 0);
    CHECK(heap_bytes(string(100, 'x')) == block_bytes(101));
    CHECK(block_bytes(101) == 128);
    CHECK(heap_bytes(weir::bytes{string(100, 'x')}) == block_bytes(100));
    CHECK(heap_bytes(std::vector<int>{1, 2, 3}) == block_bytes(12));
    CHECK(heap_bytes(std::vector<string>{string(100, 'x'), ""}) ==
          block_bytes(2 * sizeof(string)) + 128);
    CHECK(heap_bytes(std::optional<string>{}) == 0);
    CHECK(heap_bytes(std::optional{string(100, 'x')}) == 128);
    CHECK(heap_bytes(sale{string(100, 'x'), 1, {string(100, 'y')}, string(100, 'z')}) ==
          3 * 128 + block_bytes(sizeof(string)));
    CHECK(heap_bytes(counted{}) == 320);
    CHECK(heap_bytes(std::map<string, int>{{string(100, 'x'), 1}}) > 128);
    CHECK(weir::detail::has_no_heap<std::int64_t>);
}

TEST_CASE("semantics 65: rows, index and what keys and values have allocated count, and go again") {
    keeping k;
    k.test.send(k.in, "a", 10);
    k.test.commit();
    const auto small = k.shard().bytes();
    k.test.send(k.in, "a", 1000);
    k.test.commit();
    CHECK(k.shard().bytes() == small + block_bytes(1001));
    k.test.send(k.in, string(100, 'k'), 10);
    k.test.commit();
    const auto row = sizeof(weir::detail::row<string, string>);
    CHECK(k.shard().bytes() >= small + block_bytes(1001) + row + 128);
    CHECK(k.shard().bytes() <=
          small + block_bytes(1001) + row + 128 + 8 * 8);  // a part of the index
    k.test.send(k.in, "a", 10);
    k.test.commit();
    CHECK(k.shard().bytes() < small + row + 128 + 8 * 8 + 1);
    const auto before = k.shard().bytes();
    k.test.restart();
    CHECK(k.shard().bytes() == before);
}

TEST_CASE("semantics 65: the journal counts until its changes are committed, with what it keeps") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in");
    auto last = app.table<string, string>("last");
    app.agent("k",
              in | weir::aggregate(last, [](string& s, int n) { s.assign(std::size_t(n), 'x'); }) |
                  weir::take(2, 10s) | weir::for_each([](auto&) {}));
    test_driver test{app};
    const auto bytes = [&] { return last.info().shards[0]->bytes(); };
    test.send(in, "a", 1000);
    test.advance(10s);
    test.commit();
    const auto at_rest = bytes();
    test.send(in, "a", 1000);  // it is open: the value before it is kept
    CHECK(bytes() > at_rest + 1000);
    test.advance(10s);
    test.commit();
    CHECK(bytes() == at_rest);
}

TEST_CASE("semantics 65: what a message changes that fails is not counted") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto last = app.table<string, string>("last");
    app.agent("k", in | weir::aggregate(last, [](string& s, int n) {
                       s.assign(std::size_t(n), 'x');
                   }) | weir::tap([](const string& s) {
                       if (s.size() == 5000) throw std::runtime_error{"too long"};
                   }));
    test_driver test{app};
    test.send(in, "a", 100);
    test.commit();
    const auto before = last.info().shards[0]->bytes();
    test.send(in, "a", 5000);
    CHECK(last.get("a").size() == 100);
    test.commit();
    CHECK(last.info().shards[0]->bytes() == before);
}

TEST_CASE(
    "semantics 65: at table_options::memory its partitions are not read, and explain says so") {
    keeping k{{.memory = 20'000}};
    for (int n = 0; n < 100; ++n) k.test.append(k.in, "k" + std::to_string(n), 1000);
    k.test.run();
    k.test.commit();
    const auto n = k.last.size();
    CHECK(n >= 5);
    CHECK(n < 80);  // a 256th of its bytes are messages of one read
    CHECK(k.shard().bytes() >= 20'000);
    CHECK(k.why().starts_with("table 'last' takes "));
    CHECK(k.why().ends_with(" in memory, and its limit is 19.5 KiB: no more is read; raise "
                            "table_options::memory, or erase keys"));
    k.test.advance(60s);
    k.test.commit();
    CHECK(k.last.size() == n);
    CHECK(k.test.committed(k.in, 0) == committed{offset(n)});
    CHECK(k.hush.lines.size() > 0);  // that it stands still
    // it says the same when it has been restored, and stops no one
    k.test.restart();
    k.test.run();
    CHECK(k.why().find("its limit is 19.5 KiB") != string::npos);
    k.test.stop();
}

TEST_CASE(
    "semantics 65: partitions that feed other tables are read on, and one that shrinks is, too") {
    silent hush;
    weir::app app{"a", {.hooks = &hush}};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, int>("other");
    auto last = app.table<string, string>("last", {.memory = 20'000});
    auto seen = app.table<string, std::int64_t>("seen");
    // 0 erases the key, when the batch is complete
    app.agent("k", in |
                       weir::aggregate(last,
                                       [](const string&, int n) {
                                           return n == 0 ? std::optional<string>{}
                                                         : string(std::size_t(n), 'x');
                                       }) |
                       weir::take(1000, 10s) | weir::for_each([](auto&) {}));
    app.agent("o", other | weir::count(seen));
    test_driver test{app};
    for (int n = 0; n < 8; ++n) test.append(in, "k" + std::to_string(n), 900);
    for (int n = 0; n < 8; ++n) test.append(in, "k" + std::to_string(n), 0);
    for (int n = 0; n < 300; ++n) test.append(in, "k" + std::to_string(n % 3), 1);
    test.run();
    test.send(other, "x", 1);
    CHECK(seen.get("x") == 1);
    const auto b = app.explain("in", 0);
    REQUIRE(b);
    CHECK(b->why.find("its batch is not complete; table 'last' takes ") == 0);
    test.advance(10s);  // what it had is finished and committed: the journal shrinks
    test.commit();
    for (int n = 0; n < 3; ++n) {
        test.advance(10s);
        test.commit();
    }
    CHECK(last.size() == 3);
    CHECK(test.committed(in, 0) == committed{316});
}

TEST_CASE("semantics 65: app_options::tables_memory counts all tables together") {
    silent hush;
    weir::app app{"a", {.hooks = &hush, .tables_memory = 60'000}};
    auto in = app.topic<string, int>("in");
    auto other = app.topic<string, int>("other");
    auto one = app.table<string, string>("one");
    auto two = app.table<string, string>("two");
    const auto fill = [](string& s, int n) { s.assign(std::size_t(n), 'x'); };
    app.agent("1", in | weir::aggregate(one, fill));
    app.agent("2", other | weir::aggregate(two, fill));
    test_driver test{app};
    for (int n = 0; n < 100; ++n) test.append(in, "k" + std::to_string(n), 1000);
    test.run();
    const auto sentence = [&](const char* topic) {
        const auto b = app.explain(topic, 0);
        return b ? b->why : string{};
    };
    CHECK(one.size() < 70);
    test.send(other, "x", 1);
    CHECK(two.size() == 0);
    CHECK(sentence("in").find("the tables take ") != string::npos);
    CHECK(sentence("other").ends_with(
        " in memory together, and their limit is 58.5 KiB: no more is read; raise "
        "app_options::tables_memory, or erase keys"));
}

TEST_CASE("semantics 65: warm shards count, and go before a partition stands still") {
    keeping k{{.memory = 40'000}, {}, 2};
    const auto fill = [&](weir::partition_id p, int n) {
        for (int i = 0; i < n; ++i)
            k.test.append(k.in, "k" + std::to_string(i), 1000, {.partition = p});
        k.test.run();
        k.test.commit();
    };
    fill(0, 10);
    k.test.revoke(k.in, 0);
    fill(1, 10);
    CHECK(k.last.size() == 10);
    CHECK(k.why(1) == "nothing");
    fill(1, 10);
    CHECK(k.last.info().memory_used > 19'000);
    for (int i = 20; i < 30; ++i)
        k.test.append(k.in, "k" + std::to_string(i), 1000, {.partition = 1});
    k.test.run();
    k.test.commit();
    CHECK(k.last.size() == 20);
    CHECK(k.why(1) == "nothing");
    k.test.assign(k.in, 0);  // it has to be restored, and finds little room
    k.test.run();
    CHECK(k.test.committed(k.in, 0) == committed{10});
}

TEST_CASE("a global table has no limit of its own") {
    weir::app app{"a"};
    auto t = app.topic<string, string>("prices");
    CHECK(refused([&] { app.global_table(t, {.memory = 5}); }) ==
          "weir: global table 'prices' has .memory: every member has all of its topic, so it has "
          "no limit; app_options::tables_memory counts it");
}

TEST_CASE("a table that is declared twice has one limit") {
    weir::app app{"a"};
    app.table<string, int>("seen", {.memory = 5});
    app.table<string, int>("seen");
    CHECK(refused([&] { app.table<string, int>("seen", {.memory = 6}); }) ==
          "weir: table 'seen' is declared twice with different options: give them once");
}
