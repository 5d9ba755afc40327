// SPDX-License-Identifier: Apache-2.0
// Copies of partitions that other members have: kept up to date, and taken over without a restore.
#include "counting.hpp"
#include "restoring.hpp"
#include "windowing.hpp"

#include "state/standby.hpp"

namespace {

using weir::detail::changelog_owner;
using weir::detail::copy_keepers;
using weir::detail::cut_stamp;
using weir::detail::mark_key;
using weir::detail::owner_key;
using weir::detail::stamp_header;
using weir::transport::group_member;

constexpr auto changelog = "a-seen-changelog";

struct hears : restores {
    bool said(const string& part) const {
        return std::any_of(lines.begin(), lines.end(),
                           [&](auto& l) { return l.find(part) != l.npos; });
    }
};

/// One member of the group "a", which counts by key.
struct member {
    hears ears{};
    weir::app app;
    weir::topic<string, int> in;
    weir::table<string, std::int64_t> seen;

    explicit member(const string& broker, int standby = 1, weir::partition_id partitions = 1)
        : app{"a", {.broker = "memory://" + broker, .hooks = &ears}},
          in(app.topic<string, int>("in", {.partitions = partitions})),
          seen(app.table<string, std::int64_t>("seen", {.standby = standby})) {
        app.agent("c", in | weir::count(seen) | weir::for_each([](std::int64_t) {}));
    }
    std::size_t copies() const { return app.counters().copies; }
};

void send(test_driver& test, const member& m, const char* keys) {
    for (; *keys; ++keys) test.append(m.in, string(1, *keys), 1);
    test.run();
}
offset end_of(test_driver& test, const char* topic) {
    offset end = 0;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(topic)))
        end = std::max(end, e.offset() + 1);
    return end;
}
std::vector<group_member> three(const string& self, const std::vector<int>& owner_of_each) {
    std::vector<group_member> all;
    for (const string id : {"a", "b", "c"}) all.push_back({id, id == self});
    for (std::size_t p = 0; p < owner_of_each.size(); ++p)
        all[std::size_t(owner_of_each[p])].partitions.push_back({"in", int(p)});
    return all;
}
/// Who keeps a copy of the partition.
string keepers(const std::vector<int>& owner_of_each, int p, int n) {
    string all;
    for (const string id : {"a", "b", "c"}) {
        const auto members = three(id, owner_of_each);
        if (copy_keepers{members, "in", int(owner_of_each.size())}.is_self_one(p, n)) all += id;
    }
    return all;
}

}  // namespace

TEST_CASE("semantics 64: who has a copy takes the partition over, and reads only what came since") {
    member one{"standby-1"}, two{"standby-1"};
    test_driver test{one.app, two.app};
    REQUIRE_FALSE(test.restoring(one.seen, 0));
    REQUIRE(two.copies() == 1);
    CHECK(one.copies() == 0);
    send(test, one, "xyxz");
    test.commit();
    const auto read = end_of(test, changelog);
    CHECK(two.app.counters().copies_behind == 0);
    CHECK(two.app.counters().keys == 0);
    SUBCASE("its owner leaves") { test.stop(one.app); }
    SUBCASE("its owner is killed") { test.kill(one.app); }
    CHECK(two.ears.heard == std::vector{std::pair{read, end_of(test, changelog) - 1}});
    CHECK(two.copies() == 0);
    CHECK(all_of(two.seen) == counts{{"x", 2}, {"y", 1}, {"z", 1}});
    send(test, two, "xa");
    test.commit();
    CHECK(folded(test, changelog) == counts{{"a", 1}, {"x", 3}, {"y", 1}, {"z", 1}});
}

TEST_CASE("semantics 64: without standby nobody keeps a copy") {
    member one{"standby-2", 0}, two{"standby-2", 0};
    test_driver test{one.app, two.app};
    send(test, one, "xyx");
    test.commit();
    CHECK(two.copies() == 0);
    test.kill(one.app);
    CHECK(two.ears.heard.back().first == 0);
    CHECK(all_of(two.seen) == counts{{"x", 2}, {"y", 1}});
}

TEST_CASE("a copy has the changes of a cut that its owner did not complete, once") {
    member one{"standby-3"}, two{"standby-3"};
    test_driver test{one.app, two.app};
    send(test, one, "xy");
    test.commit();
    send(test, one, "xxz");
    test.fail_next_commit();
    SUBCASE("the cut is complete, and its commit has failed") { test.commit(); }
    SUBCASE("a part of the cut") {
        changelog_owner o;
        for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog)))
            if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
        weir::bytes value;
        weir::detail::encode_onto(std::int64_t{3}, value);
        const auto stamp = cut_stamp{o.epoch, o.owner, {5}}.text({"in"});
        test.append_raw(changelog, "x", value,
                        {.partition = 0, .headers = {{stamp_header, weir::bytes{stamp}}}});
        test.run();
    }
    test.kill(one.app);
    CHECK(all_of(two.seen) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
    test.commit();
    CHECK(folded(test, changelog) == counts{{"x", 3}, {"y", 1}, {"z", 1}});
}

TEST_CASE("a partition that moves to and fro is followed from where it was left") {
    member one{"standby-4", 1, 2}, two{"standby-4", 1, 2};
    test_driver test{one.app};
    send(test, one, "abcdefgh");
    test.commit();
    test.add(two.app);  // one of the two partitions moves
    REQUIRE(one.copies() == 1);
    REQUIRE(two.copies() == 1);
    send(test, one, "abcdefgh");
    test.commit();
    one.ears.heard.clear();
    test.stop(two.app);
    CHECK(one.ears.heard.size() == 1);
    CHECK(one.ears.heard.at(0).first > 0);
    CHECK(all_of(one.seen).size() == 8);
    for (auto& [key, n] : all_of(one.seen)) CHECK(n == 2);
}

TEST_CASE("a partition that goes before its tables are restored is followed on") {
    hears ears{};
    weir::app app{"a", {.hooks = &ears}};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    auto other = app.topic<string, int>("other", {.partitions = 1});
    auto seen = app.table<string, std::int64_t>("seen", {.standby = weir::every_member});
    app.agent("c", (in & other) | weir::count(seen) | weir::for_each([](std::int64_t) {}));
    test_driver test{app};
    test.send(in, "x", 1);
    test.send(other, "y", 1);
    test.revoke(in, 0);
    test.revoke(other, 0);
    CHECK(app.counters().copies == 1);
    test.assign(in, 0);  // it waits for the other one
    CHECK(app.counters().copies == 0);
    test.revoke(in, 0);
    CHECK(app.counters().copies == 1);
    ears.heard.clear();
    test.assign(in, 0);
    test.assign(other, 0);
    REQUIRE(ears.heard.size() == 1);
    CHECK(ears.heard[0].first > 0);
    test.send(in, "x", 1);
    CHECK(all_of(seen) == counts{{"x", 2}, {"y", 1}});
}

TEST_CASE("a changelog of the same name that is another one is read from its start") {
    member one{"standby-5"}, two{"standby-5"};
    test_driver test{one.app, two.app};
    send(test, one, "xyx");
    test.commit();
    changelog_owner o;
    for (auto& e : test.events(test.peek<weir::bytes, weir::bytes>(changelog)))
        if (e.key().view() == owner_key) o = changelog_owner::of(e.value());
    const auto line = "table 'seen'[0] is read from the start of its changelog again: that is "
                      "another one, or has lost something that was not read yet";
    SUBCASE("its owner's record names another") {
        o.changelog = "another";
        o.owner = "somebody";
        ++o.epoch;
        test.append_raw(changelog, owner_key, o.text(), {.partition = 0});
        test.run();
    }
    SUBCASE("a record is of an owner who has not told") {
        const auto stamp = cut_stamp{o.epoch, "somebody", {3}}.text({"in"});
        test.append_raw(changelog, mark_key, stamp,
                        {.partition = 0, .headers = {{stamp_header, weir::bytes{stamp}}}});
        test.run();
    }
    SUBCASE("records are missing, and a tombstone may have been one of them") {
        test.advance(13h);
        test.skip_offsets(changelog, 0, 5);
        send(test, one, "z");
        test.commit();
    }
    CHECK(two.ears.lines == std::vector<string>{line});
    CHECK(two.copies() == 1);
    test.kill(one.app);
    CHECK(all_of(two.seen).at("x") == 2);
}

TEST_CASE("records that compaction has removed a moment ago are no reason to read again") {
    member one{"standby-6"}, two{"standby-6"};
    test_driver test{one.app, two.app};
    send(test, one, "xyx");
    test.commit();
    test.skip_offsets(changelog, 0, 5);
    send(test, one, "z");
    test.commit();
    CHECK(two.ears.lines.empty());
}

TEST_CASE("a copy of a changelog that is refused ends, and its member goes on") {
    member one{"standby-7"};
    hears ears{};
    weir::app other{"a", {.broker = "memory://standby-7", .hooks = &ears}};
    auto in = other.topic<string, int>("in", {.partitions = 1});
    auto seen = other.table<string, int>("seen", {.standby = 1});
    other.agent("c", in | weir::aggregate(seen, [](int n, int) { return n + 1; }));
    test_driver test{one.app, other};
    CHECK(ears.lines ==
          std::vector<string>{"no copy of the tables of in[0] is kept: the changelog of table "
                              "'seen', a-seen-changelog[0] at 0 says that its keys are of type "
                              "std::string and its values of type long, and the table is declared "
                              "with std::string and int: declare it as before, or give it "
                              "another name, and it begins anew"});
    CHECK(other.counters().copies == 0);
    CHECK(test.running(other));
}

TEST_CASE("explain says that a copy is kept, and the graph how many there are") {
    member one{"standby-8"}, two{"standby-8"}, all{"standby-9", weir::every_member};
    test_driver test{one.app, two.app};
    CHECK(two.app.explain("in", 0)->why ==
          "the partition is not assigned to this app; a copy of its tables is kept here, and is up "
          "to date");
    CHECK(one.app.graph().text().find("table seen [1 partition, standby 1]") != string::npos);
    CHECK(all.app.graph().text().find("table seen [1 partition, standby every member]") !=
          string::npos);
    CHECK(two.app.counters().text().find("copies 1") != string::npos);
}

TEST_CASE("tables that nobody can copy say so") {
    weir::app app{"a"};
    auto in = app.topic<string, int>("in", {.partitions = 1});
    CHECK_THROWS_WITH_AS((app.table<string, int>("t", {.standby = -1})),
                         "weir: table 't' has .standby = -1: it is the number of other members "
                         "that keep a copy of a partition, or weir::every_member",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(app.table(in, {.standby = 1}),
                         "weir: table 'in' has .standby = 1: a table of a topic has no copies, "
                         "since only the owner of a partition knows how far the group has come in "
                         "it; use a global table, or to_table with a table of its own",
                         weir::setup_error);
    CHECK_THROWS_WITH_AS(app.global_table(in, {.standby = 1}),
                         "weir: table 'in' has .standby = 1: every member has all of a global "
                         "table; leave it out",
                         weir::setup_error);
}

TEST_CASE("windows of a partition that is taken over close in time") {
    struct windows_member {
        weir::app app;
        weir::topic<string, int> in;
        texts out{};
        explicit windows_member(const string& broker)
            : app{"a", {.broker = "memory://" + broker}},
              in(app.topic<string, int>("in", {.partitions = 1})) {
            auto per = app.table<per_key, std::int64_t>("per", {.standby = 1});
            app.agent("w", in | weir::window(weir::tumbling(10ms), weir::grace(0s)) |
                               weir::count(per) | weir::events() | weir::for_each([this](auto& e) {
                                   const per_key& key = e.key();
                                   out.push_back(text(key, e.value()));
                               }));
        }
    };
    windows_member one{"standby-10"}, two{"standby-10"};
    test_driver test{one.app, two.app};
    test.send(one.in, "a", 1, {.timestamp = at(3)});
    test.send(one.in, "b", 1, {.timestamp = at(12)});
    test.commit();
    test.send(one.in, "b", 1, {.timestamp = at(14)});
    test.kill(one.app);
    test.send(two.in, "c", 1, {.timestamp = at(25)});
    CHECK(one.out == texts{"a [0, 10) 1"});
    CHECK(two.out == texts{"b [10, 20) 2"});
}

TEST_CASE("a partition's owner keeps no copy, and as many others do as are asked for") {
    for (const std::vector<int>& owners : {std::vector{0, 1, 2, 0, 1, 2}, {2, 2, 1, 1, 0, 0}}) {
        for (int p = 0; p < 6; ++p) {
            const string owner(1, "abc"[owners[std::size_t(p)]]);
            for (int n = 1; n <= 3; ++n) {
                const auto who = keepers(owners, p, n);
                CHECK(who.find(owner) == string::npos);
                CHECK(int(who.size()) == std::min(n, 2));
            }
            CHECK(keepers(owners, p, weir::every_member).size() == 2);
        }
    }
}

TEST_CASE("where partitions are given out in ranges, the next owner keeps the copy") {
    const std::vector<int> owners{0, 0, 1, 1, 2, 2};
    // without a: b b b c c c; without b: a a a c c c; without c: a a a b b b
    CHECK(keepers(owners, 0, 1) == "b");
    CHECK(keepers(owners, 1, 1) == "b");
    CHECK(keepers(owners, 2, 1) == "a");
    CHECK(keepers(owners, 3, 1) == "c");
    CHECK(keepers(owners, 4, 1) == "b");
    CHECK(keepers(owners, 5, 1) == "b");
}

TEST_CASE("copies are spread over the members") {
    std::vector<int> owners(60);
    for (std::size_t p = 0; p < owners.size(); ++p) owners[p] = int(p % 3);
    counts of;
    for (int p = 0; p < 60; ++p) ++of[keepers(owners, p, 1)];
    CHECK(of.size() == 3);
    for (auto& [who, n] : of) CHECK(n > 8);
}

TEST_CASE("who follows a changelog keeps nothing of complete cuts and of erased keys") {
    auto table = weir::detail::make_table<string>("t", std::int64_t{}, 1000);
    auto shard = table->make(1);
    weir::bytes value, key;
    weir::detail::encode_onto(std::int64_t{1}, value);
    const auto rows = [&] {
        weir::detail::outgoing into{};
        std::uint32_t from = 0;
        int n = 0;
        while (shard->row_from(from, into) != weir::detail::shard::record_kind::none) ++n;
        return n;
    };
    constexpr int most = 10'000;
    for (int i = 0; i < most; ++i) {
        key.reset();
        weir::detail::encode_onto("k" + std::to_string(i), key);
        const weir::detail::cut first{3 * i + 1}, second{3 * i + 2};
        shard->restore_row({key.view(), value.view(), 0, {}}, first);
        CHECK(shard->replays().size() == 2);  // it, and the last complete one
        shard->restore_mark(first, weir::detail::no_time, weir::detail::no_time);
        CHECK(shard->replays().size() == 1);
        shard->restore_erased({key.view(), weir::bytes_view{""}, 0, {}}, second, false);
        shard->restore_mark(second, weir::detail::no_time, weir::detail::no_time);
        shard->restore_erased({key.view(), {}, 0, {}}, second, true);
        if (i % 1000 == 999) CHECK(rows() <= 1100);
    }
    shard->restored();
    CHECK(rows() == 0);
}
