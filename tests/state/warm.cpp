// SPDX-License-Identifier: Apache-2.0
// Partitions that are given up and come back: their tables are not restored again.
#include "counting.hpp"
#include "restoring.hpp"
#include "windowing.hpp"

namespace {

using weir::detail::changelog_owner;
using weir::detail::cut_stamp;
using weir::detail::mark_key;
using weir::detail::owner_key;
using weir::detail::stamp_header;

struct hears : restores {
    /// All of it was read the last time.
    bool from_start() const { return heard.back().first == 0; }
    /// The last record alone was read, to see that it is there.
    bool last_alone() const { return heard.back().second - heard.back().first == 1; }
};

struct warm_counting {
    hears ears{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;
    trace out{};
    test_driver test;

    explicit warm_counting(weir::table_options<std::int64_t> o = {})
        : app{"a", {.hooks = &ears}},
          in(app.topic<string, int>("in", {.partitions = 1})),
          seen(app.table<string, std::int64_t>("seen", std::move(o))),
          test((app.agent("c", in | weir::count(seen) | weir::for_each([this](std::int64_t n) {
                                   out.push_back(int(n));
                               })),
                app)) {}
    void send(const char* keys) {
        for (; *keys; ++keys) test.append(in, string(1, *keys), 1);
        test.run();
    }
    void go_and_come() {
        test.revoke(in, 0);
        test.assign(in, 0);
    }
    changelog_owner last_owner() {
        changelog_owner o;
        for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>("a-seen-changelog")))
            if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
        return o;
    }
    void write(weir::bytes_view key, weir::bytes_view value, const changelog_owner& by,
               offset cut) {
        const auto text = cut_stamp{by.epoch, by.owner, {cut}}.text({"in"});
        test.append_raw("a-seen-changelog", key, value,
                        {.partition = 0, .headers = {{stamp_header, weir::bytes{text}}}});
    }
    /// As if another member had owned the partition meanwhile, and had seen so many of x.
    void let_another_write(std::int64_t x, offset cut) {
        auto o = last_owner();
        o.owner = "another";
        ++o.epoch;
        test.append_raw("a-seen-changelog", owner_key, o.text(), {.partition = 0});
        weir::bytes value;
        weir::detail::encode_onto(x, value);
        write("x", value, o, cut);
        write(mark_key, "mark", o, cut);
    }
};

}  // namespace

TEST_CASE("semantics 64: a partition that comes back is not restored again") {
    warm_counting c;
    c.send("xyx");
    c.go_and_come();
    CHECK(c.ears.last_alone());
    c.send("xz");
    CHECK(all_of(c.seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    CHECK(c.out == trace{1, 1, 2, 3, 1});
    c.go_and_come();  // nothing has changed meanwhile, or something has: both are warm
    c.go_and_come();
    CHECK(c.ears.last_alone());
    c.send("x");
    CHECK(all_of(c.seen) == counts{{"x", 4}, {"y", 1}, {"z", 1}});
    CHECK(folded(c.test, "a-seen-changelog") == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    c.test.commit();
    CHECK(folded(c.test, "a-seen-changelog") == all_of(c.seen));
}

TEST_CASE("semantics 64: what another member has written meanwhile is read, and nothing else") {
    warm_counting c;
    c.send("xyx");
    c.test.revoke(c.in, 0);
    c.let_another_write(4, 3);
    SUBCASE("as it was written") {}
    SUBCASE("and compacted") { c.test.compact("a-seen-changelog"); }
    c.test.assign(c.in, 0);
    CHECK_FALSE(c.ears.from_start());
    c.send("xz");
    CHECK(all_of(c.seen) == counts{{"x", 5}, {"y", 1}, {"z", 1}});
}

TEST_CASE("semantics 64: a partition that comes back later than warm_for is restored") {
    warm_counting c{{.warm_for = 10s}};
    c.send("xyx");
    c.test.revoke(c.in, 0);
    c.test.advance(9s);
    c.test.assign(c.in, 0);
    CHECK(c.ears.last_alone());
    c.test.revoke(c.in, 0);
    c.test.advance(11s);
    c.test.assign(c.in, 0);
    CHECK(c.ears.from_start());
    CHECK(all_of(c.seen) == counts{{"x", 2}, {"y", 1}});
    warm_counting none{{.warm_for = 0s}};
    none.send("xyx");
    none.go_and_come();
    CHECK(none.ears.from_start());
}

TEST_CASE("a partition that was lost is restored") {
    warm_counting c;
    c.send("xyx");
    c.test.commit();
    c.send("x");
    c.test.lose(c.in, 0);
    c.test.assign(c.in, 0);
    CHECK(c.ears.from_start());
    CHECK(all_of(c.seen) == counts{{"x", 3}, {"y", 1}});
}

TEST_CASE("a shard is not warm if its changelog is another one, or lacks its last record") {
    warm_counting c;
    c.send("xyx");
    c.test.revoke(c.in, 0);
    auto former = c.last_owner();
    c.let_another_write(7, 3);
    SUBCASE("the former owner has written late") { c.write("y", "late", former, 3); }
    SUBCASE("it was made anew") {
        former.changelog = "another";
        former.owner = "a third";
        former.epoch = 9;
        c.test.append_raw("a-seen-changelog", owner_key, former.text(), {.partition = 0});
    }
    c.test.assign(c.in, 0);
    CHECK(c.ears.from_start());
    CHECK(all_of(c.seen) == counts{{"x", 7}, {"y", 1}});
    CHECK(c.ears.lines.at(0) ==
          "table 'seen'[0] is restored from its changelog: what was kept of it "
          "in memory is not of this changelog, or lacks something of it");
}

TEST_CASE("a table that a topic fills is read on when its partition comes back") {
    hears ears{};
    weir::app app{"a", {.hooks = &ears}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto last = app.table(in);
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(in, "y", 2);
    test.revoke(in, 0);
    test.send(in, "y", std::nullopt);
    test.send(in, "z", 3);
    test.assign(in, 0);
    CHECK(ears.heard.back().first == 2);
    CHECK(all_of(last) == std::map<string, int>{{"x", 1}, {"z", 3}});
}

TEST_CASE("what was given up uncommitted comes again, and is not counted twice") {
    warm_counting c;
    c.send("xyx");
    c.test.fail_next_commit(1'000'000);
    c.test.revoke(c.in, 0);
    c.test.advance(1min);
    c.test.fail_next_commit(0);
    c.test.assign(c.in, 0);
    CHECK(all_of(c.seen) == counts{{"x", 2}, {"y", 1}});
    c.send("x");
    CHECK(all_of(c.seen) == counts{{"x", 3}, {"y", 1}});
}

TEST_CASE("a shard with a change by a message that is not finished is not kept") {
    hears ears{};
    weir::app app{"a", {.hooks = &ears}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto seen = app.table<string, std::int64_t>("seen");
    app.agent("c", in | weir::count(seen) | weir::take(100, 1h) | weir::for_each([](auto&) {}));
    test_driver test{app};
    test.send(in, "x", 1);
    test.revoke(in, 0);
    test.assign(in, 0);
    CHECK(ears.from_start());
    CHECK(all_of(seen) == counts{{"x", 1}});
}

TEST_CASE("semantics 64: windows that another member has opened close in time") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto per = app.table<per_key, std::int64_t>("per");
    texts out{};
    app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0s)) | weir::count(per) |
                       weir::events() | weir::for_each([&](auto& e) {
                           const per_key& key = e.key();
                           out.push_back(text(key, e.value()));
                       }));
    test_driver test{app};
    test.send(in, "a", 1, {.timestamp = at(3)});
    test.revoke(in, 0);
    changelog_owner o;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>("a-per-changelog")))
        if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
    o.owner = "another";
    ++o.epoch;
    const auto stamp = cut_stamp{o.epoch, o.owner, {1}, at(4), at(4)}.text({"in"});
    const weir::headers headers{{stamp_header, weir::bytes{stamp}}};
    weir::bytes key, value;
    weir::detail::encode_onto(per_key{"b", at(0), at(10)}, key);
    weir::detail::encode_onto(std::int64_t{5}, value);
    const auto write = [&](weir::bytes_view k, weir::bytes_view v) {
        test.append_raw("a-per-changelog", k, v, {.partition = 0, .headers = headers});
    };
    test.append_raw("a-per-changelog", owner_key, o.text(), {.partition = 0});
    write(key, value);
    write(mark_key, stamp);
    test.assign(in, 0);
    test.send(in, "c", 1, {.timestamp = at(20)});
    CHECK(out == texts{"a [0, 10) 1", "b [0, 10) 5"});
}
