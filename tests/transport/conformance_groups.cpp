// SPDX-License-Identifier: Apache-2.0
// What every transport does, second half: groups, commits, rebalances.
#include "conformance.hpp"

#include <algorithm>
#include <set>

namespace weir::transport::conformance {

TEST_CASE("transport: reading starts where the group has committed") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto c = member(on, g);
        const auto t = topic(on, c, 1);
        for (auto* v : {"0", "1", "2", "3"}) c.send(t, "k", v);
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 4; }));
        c.commit({t, 0}, 2);
        CHECK(c.results.empty());  // told by poll
        REQUIRE(until(on, {&c}, [&] { return !c.results.empty(); }));
        CHECK(c.results[0].error == commit_error::none);
        REQUIRE(c.results[0].positions.size() == 1);
        CHECK(c.results[0].positions[0].tp == topic_partition{t, 0});
        CHECK(c.results[0].positions[0].offset == 2);
        c.release({t, 0});
        c.leave();

        auto next = member(on, g);
        next.subscribe({{t, reset::latest}});
        REQUIRE(until(on, {&next}, [&] { return next.got.size() == 2; }));
        CHECK(next.values() == std::vector<std::string>{"2", "3"});
    });
}

TEST_CASE("transport: without a commit, earliest reads all and latest what comes") {
    on_each([](backend& on) {
        auto early = member(on, on.fresh("early")), late = member(on, on.fresh("late"));
        const auto t = topic(on, early, 1);
        early.send(t, "k", "old");
        REQUIRE(until(on, {&early}, [&] { return !early.delivered_.empty(); }));
        early.subscribe({{t, reset::earliest}});
        late.subscribe({{t, reset::latest}});
        REQUIRE(until(on, {&early, &late}, [&] { return late.owns({t, 0}); }));
        settle({&early, &late});
        // When exactly `latest` is looked up is the broker's affair: send until one gets through.
        REQUIRE(until(on, {&early, &late},
                      [&] { return !late.got.empty() || (early.send(t, "k", "new"), false); }));
        REQUIRE(until(on, {&early, &late}, [&] { return early.got.size() >= 2; }));
        CHECK(late.values()[0] == "new");
        CHECK(early.values()[0] == "old");
    });
}

TEST_CASE("transport: a partition goes on where it is told to, and forgets what was read ahead") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        const offset n = 300;
        for (offset i = 0; i < n; ++i) c.send(t, "k", std::to_string(i));
        c.most = 10;
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() >= 50; }));
        // back, forward, back while the last one is still under way; from the end
        for (const offset to : {20, 20, 150, 0, 290, 3, 0}) {
            auto& from = *c.partitions.at({t, 0});
            if (to == 3) REQUIRE(until(on, {&c}, [&] { return from.position() == n; }));
            REQUIRE(from.seek(to));
            CHECK(from.position() == to);
            c.got.clear();
            REQUIRE(until(on, {&c}, [&] { return c.got.size() >= 10; }));
            for (std::size_t i = 0; i < c.got.size(); ++i)
                CHECK(c.got[i].offset == to + static_cast<offset>(i));
        }
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == static_cast<std::size_t>(n); }));
        CHECK(c.got.back().offset == n - 1);
        CHECK(!c.partitions.at({t, 0})->take_lost());
        CHECK(c.fatal.empty());
    });
}

TEST_CASE("transport: a partition says that it has been read to its end") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        for (int i = 0; i < 30; ++i) c.send(t, "k", std::to_string(i));
        c.most = 10;
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 10; }));
        auto& from = *c.partitions.at({t, 0});
        CHECK(!from.at_end());
        REQUIRE(until(on, {&c}, [&] { return from.at_end(); }));
        CHECK(c.got.size() == 30);
        c.send(t, "k", "one more");
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 31 && from.at_end(); }));
        REQUIRE(from.seek(5));
        CHECK(!from.at_end());
    });
}

TEST_CASE("transport: two groups each get every message") {
    on_each([](backend& on) {
        auto a = member(on, on.fresh("a")), b = member(on, on.fresh("b"));
        const auto t = topic(on, a, 2);
        for (auto* v : {"0", "1", "2"}) a.send(t, v, v);
        a.subscribe({{t}});
        b.subscribe({{t}});
        CHECK(until(on, {&a, &b}, [&] { return a.got.size() == 3 && b.got.size() == 3; }));
    });
}

TEST_CASE("transport: two members share the partitions, and one that leaves hands on its own") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto a = member(on, g), b = member(on, g);
        const auto t = topic(on, a, 4);
        a.subscribe({{t}});
        REQUIRE(until(on, {&a}, [&] { return a.partitions.size() == 4; }));
        b.subscribe({{t}});
        REQUIRE(until(on, {&a, &b},
                      [&] { return a.partitions.size() == 2 && b.partitions.size() == 2; }));
        for (partition_id p = 0; p < 4; ++p) CHECK(a.owns({t, p}) != b.owns({t, p}));

        std::vector<topic_partition> mine;
        for (const auto& [tp, from] : b.partitions) mine.push_back(tp);
        for (const auto& tp : mine) b.release(tp);
        b.leave();
        CHECK(until(on, {&a}, [&] { return a.partitions.size() == 4; }));
    });
}

TEST_CASE("transport: who watches is told who is in the group, and who has which partition") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto a = member(on, g), b = member(on, g), silent = member(on, on.fresh("other"));
        const auto t = topic(on, a, 2);
        for (auto* c : {&a, &b, &silent}) c->subscribe({{t}});
        a.to->watch_members();
        b.to->watch_members();
        const auto shows_both = [](const client& c) {
            if (c.group.size() != 2) return false;
            for (auto& m : c.group)
                if (m.partitions.size() != 1 || m.is_self != c.owns(m.partitions[0])) return false;
            return c.group[0].id != c.group[1].id;
        };
        REQUIRE(until(on, {&a, &b, &silent}, [&] { return shows_both(a) && shows_both(b); }));
        for (auto& m : a.group)
            CHECK(std::count_if(b.group.begin(), b.group.end(), [&](auto& n) {
                      return n.id == m.id && n.partitions == m.partitions;
                  }) == 1);
        for (auto tp : {topic_partition{t, 0}, topic_partition{t, 1}})
            if (b.owns(tp)) b.release(tp);
        b.leave();
        REQUIRE(until(on, {&a, &silent},
                      [&] { return a.group.size() == 1 && a.group[0].partitions.size() == 2; }));
        CHECK(a.group[0].is_self);
        for (auto& line : a.told) CHECK(line.find("who is in group") == line.npos);
        CHECK(silent.group.empty());
    });
}

TEST_CASE("transport: a partition goes to its next owner only when the last has released it") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto a = member(on, g), b = member(on, g);
        const auto t = topic(on, a, 2);
        a.releases = false;
        a.subscribe({{t}});
        REQUIRE(until(on, {&a}, [&] { return a.partitions.size() == 2; }));
        b.subscribe({{t}});
        REQUIRE(until(on, {&a, &b}, [&] { return !a.revoked_.empty(); }));
        for (int i = 0; i < 10; ++i) {
            a.turn();
            b.turn();
        }
        CHECK(b.partitions.empty());

        for (const auto& tp : std::exchange(a.revoked_, {})) {
            a.commit(tp, 0);  // still its own: an owner commits before it releases
            REQUIRE(until(on, {&a, &b}, [&] { return !a.results.empty(); }));
            CHECK(a.results.back().error == commit_error::none);
            a.results.clear();
            a.release(tp);
        }
        a.releases = true;
        CHECK(until(on, {&a, &b},
                    [&] { return a.partitions.size() == 1 && b.partitions.size() == 1; }));
    });
}

TEST_CASE("transport: messages of a group are read once while members come and go") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto a = member(on, g), b = member(on, g);
        const auto t = topic(on, a, 3);
        a.subscribe({{t}});
        REQUIRE(until(on, {&a}, [&] { return a.partitions.size() == 3; }));
        for (int i = 0; i < 30; ++i) a.send(t, std::to_string(i), std::to_string(i));
        REQUIRE(until(on, {&a}, [&] { return a.got.size() == 30; }));
        std::map<topic_partition, offset> next;
        for (const auto& m : a.got) next[m.tp] = m.offset + 1;
        for (const auto& [tp, at] : next) a.commit(tp, at);
        REQUIRE(until(on, {&a}, [&] { return a.results.size() == next.size(); }));
        b.subscribe({{t}});
        REQUIRE(until(on, {&a, &b}, [&] { return !b.partitions.empty(); }));
        for (int i = 30; i < 60; ++i) a.send(t, std::to_string(i), std::to_string(i));
        REQUIRE(until(on, {&a, &b}, [&] { return a.got.size() + b.got.size() >= 60; }));
        std::multiset<std::string> all;
        for (auto* c : {&a, &b})
            for (const auto& v : c->values()) all.insert(v);
        for (int i = 0; i < 60; ++i) CHECK(all.count(std::to_string(i)) == 1);
    });
}

TEST_CASE("transport: a topic that is created after the subscription is picked up") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = on.fresh("t");
        c.subscribe({{t}});
        settle({&c});
        c.to->create({.name = t, .partitions = 1, .config = {{"retention.ms", "-1"}}});
        c.send(t, "k", "v");
        CHECK(until(on, {&c}, [&] { return c.got.size() == 1; }));
    });
}

TEST_CASE(
    "transport: equal partitions of co-partitioned topics come to one member, whoever joins") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto a = member(on, g), b = member(on, g), d = member(on, g);
        const auto t = topic(on, a, 5), u = topic(on, a, 5);
        const auto subscribe = [&](client& c) {
            c.subscribe({{t, reset::earliest, true}, {u, reset::earliest, true}});
        };
        const auto all_owned = [&] {
            const auto n = a.partitions.size() + b.partitions.size() + d.partitions.size();
            return n == 10;
        };
        const auto together = [&] {
            for (auto* c : {&a, &b, &d})
                for (partition_id p = 0; p < 5; ++p)
                    if (c->owns({t, p}) != c->owns({u, p})) return false;
            return true;
        };
        subscribe(a);
        REQUIRE(until(on, {&a}, all_owned));
        subscribe(b);
        REQUIRE(until(on, {&a, &b}, [&] { return all_owned() && !b.partitions.empty(); }));
        CHECK(together());
        subscribe(d);
        REQUIRE(until(on, {&a, &b, &d}, [&] { return all_owned() && !d.partitions.empty(); }));
        CHECK(together());
        b.leave();
        b.partitions.clear();
        REQUIRE(until(on, {&a, &d}, all_owned));
        CHECK(together());
        CHECK(a.partitions.size() + d.partitions.size() == 10);
    });
}

}  // namespace weir::transport::conformance
