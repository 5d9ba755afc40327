// SPDX-License-Identifier: Apache-2.0
// Groups on a real broker: partitions that move, that are found late, topics by pattern.
#include <doctest/doctest.h>
#include <poll.h>

#include <atomic>
#include <set>
#include <transport/kafka/kafka.hpp>

#include "../cli/captured.hpp"
#include "../transport/conformance.hpp"
#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;
using weir::transport::reset;
using weir::transport::conformance::client;

namespace {

client member(const std::string& group) {
    auto p = quick_group();
    p.emplace_back("topic.metadata.refresh.interval.ms", "500");
    return client{weir::transport::kafka::connect({servers(), group, p})};
}
bool until_told(client& c, const std::function<bool()>& holds) {
    return until([&] {
        while (c.turn()) {}
        pollfd p{c.to->fd(), POLLIN, 0};
        return holds() || (::poll(&p, 1, 100), false);
    });
}
std::vector<std::string> numbers(int n) {
    std::vector<std::string> all;
    for (int i = 0; i < n; ++i) all.push_back(std::to_string(i));
    std::sort(all.begin(), all.end());
    return all;
}
std::vector<std::string> sorted(std::vector<std::string> all) {
    std::sort(all.begin(), all.end());
    return all;
}

}  // namespace

TEST_CASE("kafka: with latest, what was there is not read; a partition found later is, all of it") {
    admin on;
    const auto t = fresh("t");
    on.create(t, 1);
    on.send(t, "", "old", 0);
    on.flush();
    auto c = member(fresh("g"));
    c.subscribe({{t, reset::latest}});
    REQUIRE(until_told(c, [&] { return c.owns({t, 0}); }));
    on.grow(t, 2);
    // before the member has heard of the partition
    on.send(t, "", "early", 1);
    on.flush();
    CHECK_FALSE(c.owns({t, 1}));
    REQUIRE(until_told(c, [&] { return !c.got.empty(); }));
    CHECK(c.values() == std::vector<std::string>{"early"});
    c.release({t, 0});
    c.release({t, 1});
    c.leave();
}

TEST_CASE("kafka: a partition found late goes on where the group has committed") {
    admin on;
    const auto t = fresh("t"), g = fresh("g");
    on.create(t, 1);
    auto c = member(g);
    c.subscribe({{t, reset::latest}});
    REQUIRE(until_told(c, [&] { return c.owns({t, 0}); }));
    on.grow(t, 2);
    on.send(t, "", "0", 1);
    on.send(t, "", "1", 1);
    on.flush();
    REQUIRE(until_told(c, [&] { return c.got.size() == 2; }));
    c.commit({t, 1}, 1);
    REQUIRE(until_told(c, [&] { return !c.results.empty(); }));
    CHECK(c.results[0].error == weir::transport::commit_error::none);
    auto other = member(g);  // its coming moves or restarts partitions
    other.reads = false;
    other.subscribe({{t, reset::latest}});
    REQUIRE(until_told(other, [&] {
        while (c.turn()) {}
        return !other.partitions.empty() && !c.partitions.empty();
    }));
    auto& owner = c.owns({t, 1}) ? c : other;
    owner.got.clear();
    owner.reads = true;
    on.send(t, "", "2", 1);
    on.flush();
    REQUIRE(until_told(owner, [&] { return !owner.got.empty() && owner.values().back() == "2"; }));
}

TEST_CASE("kafka: a pattern finds topics that appear, and reads them from their beginning") {
    admin on;
    const auto stem = fresh("orders");
    on.create(stem + "-eu", 1);
    on.send(stem + "-eu", "", "eu");
    on.flush();
    auto c = member(fresh("g"));
    c.subscribe({{"^" + stem + "-.*", reset::earliest}});
    REQUIRE(until_told(c, [&] { return c.got.size() == 1; }));
    CHECK(c.changes == 1);
    on.create(stem + "-us", 1);
    on.send(stem + "-us", "", "us");
    on.flush();
    REQUIRE(until_told(c, [&] { return c.values().back() == "us"; }));
    CHECK(c.changes == 2);  // once a topic, however often it is assigned
}

TEST_CASE("kafka: a pattern does not assign internal topics or Kafka's own; their names do") {
    admin on;
    const auto stem = fresh("orders"), named = stem + "-named-repartition";
    const auto theirs = stem + "-x-repartition-2", log = stem + "-x-changelog", own = "__" + stem;
    for (auto& t : {stem, named, theirs, log, own}) {
        on.create(t, 2);
        on.fill(t, 10);
    }
    auto c = member(fresh("g"));
    c.subscribe({{"^.*" + stem, reset::earliest}, {named, reset::earliest}});
    REQUIRE(until_told(c, [&] { return c.got.size() == 20; }));
    std::set<std::string> assigned;
    for (auto& [tp, p] : c.partitions) assigned.insert(tp.topic);
    CHECK(assigned == std::set{stem, named});
    CHECK(c.changes == 1);
    auto other = member(fresh("g"));  // in a group of its own, by name alone
    other.subscribe({{own, reset::earliest}});
    REQUIRE(until_told(other, [&] { return other.got.size() == 10; }));
    for (auto* m : {&c, &other}) {
        for (int i = 0; i < 2; ++i)
            for (auto& t : {stem, named, own}) m->release({t, i});
        m->leave();
    }
}

TEST_CASE("kafka: an app with latest reads a topic that its pattern finds from its beginning") {
    admin on;
    noted seen;
    const auto stem = fresh("orders"), first = stem + "-eu", second = stem + "-us";
    on.create(first, 1);
    on.send(first, "", "old");
    on.flush();
    auto o = on_kafka(seen);
    o.auto_offset_reset = weir::latest;
    o.kafka.emplace_back("topic.metadata.refresh.interval.ms", "500");
    weir::app app{fresh("app"), o};
    app.agent("a", app.topics<std::string>("^" + stem + "-.*") |
                       weir::for_each([&](auto& v) { seen.add(v); }));
    running r{app};
    REQUIRE(until([&] { return on.send(first, "", "new"), on.flush(), seen.size() > 0; }));
    on.create(second, 2);
    on.fill(second, 10);
    CHECK(until([&] {
        const auto all = seen.all();
        return std::count_if(all.begin(), all.end(), [](auto& v) { return v.size() == 1; }) >= 10;
    }));
    CHECK(r.stop() == "");
    const auto all = seen.all();
    CHECK(std::count(all.begin(), all.end(), "old") == 0);
}

TEST_CASE("semantics 23: on Kafka, what is finished is committed before its partition moves") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 4);
    on.fill(in, 200);
    auto o = on_kafka(seen);
    o.commit_interval = 1h;  // else the tick would do it
    const auto read = [&](weir::app& app) {
        app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
    };
    weir::app one{id, o}, two{id, o};
    read(one);
    read(two);
    running first{one};
    REQUIRE(until([&] { return seen.size() == 200; }));
    CHECK(on.committed(id, in) == std::vector<weir::offset>{-1, -1, -1, -1});
    running second{two};
    REQUIRE(until([&] { return on.committed(id, in) == on.ends(in); }));
    on.fill(in, 200, 200);
    CHECK(until([&] { return seen.size() >= 400; }));
    CHECK(first.stop() == "");
    CHECK(second.stop() == "");
    CHECK(sorted(seen.all()) == numbers(400));  // nothing lost, nothing twice
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("semantics 24: on Kafka, what is buffered of a revoked partition is the next owner's") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 4);
    on.fill(in, 40);
    auto o = on_kafka(seen);
    const auto read = [&](weir::app& app) {
        app.agent("a", app.topic<std::string>(in)  //
                           | weir::take(1000, 5s)  // longer than the group takes to share
                           | weir::for_each([&](const auto& batch) {
                                 for (auto& v : batch) seen.add(v);
                             }));
    };
    weir::app one{id, o}, two{id, o};
    read(one);
    read(two);
    running first{one}, second{two};
    CHECK(until([&] { return seen.size() >= 40; }));
    CHECK(first.stop() == "");
    CHECK(second.stop() == "");
    CHECK(sorted(seen.all()) == numbers(40));
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("kafka: a member that was thrown out while its partitions were asked back comes again") {
    admin on;
    noted seen, others;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 2);
    auto o = on_kafka(seen);
    o.drain_timeout = 1s;
    o.commit_interval = 60s;
    o.kafka.emplace_back("max.poll.interval.ms", "4000");
    std::atomic<bool> slow = false, go_on = false;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](const std::string& v) {
                       seen.add(v);
                       if (v == "slow" && !slow.exchange(true)) go_on.wait(false);
                   }));
    running run{app};
    // nothing of the other partition is to be committed
    on.send(in, "k", "slow", 0);
    on.flush();
    REQUIRE(until([&] { return slow.load(); }));
    auto also = o;
    also.hooks = &others;
    weir::app other{id, also};
    other.agent("a", other.topic<std::string>(in) |
                         weir::for_each([&](const std::string& v) { others.add(v); }));
    {
        running beside{other};
        // the group has waited for the first one, and goes on without it
        REQUIRE(until([&] { return others.size() == 1; }));
        go_on = true;
        go_on.notify_all();
        CHECK(until([&] { return seen.said("a commit failed"); }));
    }
    on.send(in, "k", "a", 0);
    on.send(in, "k", "b", 1);
    on.flush();
    CHECK(until([&] { return seen.size() >= 3; }));
    CHECK(run.stop() == "");
}

TEST_CASE("kafka: --until-idle is an error for a member that the group gives no partition") {
    admin on;
    noted seen;
    const auto t = fresh("t"), id = fresh("app");
    on.create(t, 1);
    on.send(t, "", "1");
    on.flush();
    const auto options = [&](const char* client) {
        auto o = on_kafka(seen);
        o.kafka.emplace_back("client.id", client);  // members are sorted by it: a has the partition
        return o;
    };
    const auto read = [&](weir::app& app) {
        app.agent("x", app.topic<std::string>(t) | weir::for_each([&](auto& v) { seen.add(v); }));
    };
    weir::app first{id, options("a")}, second{id, options("b")};
    read(first);
    read(second);
    running r{first};
    REQUIRE(until([&] { return seen.size() == 1; }));
    const auto said = tests::run(second, {"--until-idle", "1s"});
    CHECK(said.code == weir::exit_code::failed);
    CHECK(said.err.find("weir: nothing was read: group '" + id +
                        "' has given all partitions to other members") != said.err.npos);
    CHECK(r.stop().empty());
    const auto alone = tests::run(second, {"--until-idle", "1s"});  // had it, and nothing to do
    CHECK(alone.code == weir::exit_code::ok);
}
