// SPDX-License-Identifier: Apache-2.0
// Groups on the broker in memory: who gets which partition, faults on request, commits.
#include <weir/transport/memory.hpp>

#include <doctest/doctest.h>
#include <poll.h>

#include <string>

#include <weir/error.hpp>

#include "conformance.hpp"

namespace weir::transport::conformance {
namespace {

using places = std::vector<topic_partition>;
using offsets = std::vector<offset>;

std::shared_ptr<memory_broker> broker_with(std::initializer_list<topic_spec> topics) {
    auto broker = std::make_shared<memory_broker>();
    for (const auto& t : topics) broker->create_topic(t);
    return broker;
}

client member(const std::shared_ptr<memory_broker>& b, const std::string& group = "g") {
    return client{connect(b, group)};
}

places owned(const client& c) {
    places all;
    for (const auto& [tp, from] : c.partitions) all.push_back(tp);
    return all;
}

}  // namespace

TEST_CASE("memory groups: a member that joins takes only its share, the rest is not disturbed") {
    const auto b = broker_with({{.name = "t", .partitions = 7}});
    auto a = member(b), c = member(b), d = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    c.subscribe({{"t"}});
    settle({&a, &c});
    CHECK(owned(a) == places{{"t", 0}, {"t", 1}, {"t", 2}, {"t", 3}});
    CHECK(owned(c) == places{{"t", 4}, {"t", 5}, {"t", 6}});
    d.subscribe({{"t"}});
    settle({&a, &c, &d});
    CHECK(owned(a) == places{{"t", 0}, {"t", 1}, {"t", 2}});
    CHECK(c.partitions.size() + d.partitions.size() == 4);
    CHECK(a.revoked_.size() + c.revoked_.size() == 5);  // three to c, two to d
}

TEST_CASE("memory groups: topics of one partition are spread over the members too") {
    const auto b = broker_with({{.name = "s"}, {.name = "t"}, {.name = "u"}, {.name = "v"}});
    auto a = member(b), c = member(b);
    a.subscribe({{"s"}, {"t"}, {"u"}, {"v"}});
    settle({&a});
    c.subscribe({{"s"}, {"t"}, {"u"}, {"v"}});
    settle({&a, &c});
    CHECK(a.partitions.size() == 2);
    CHECK(c.partitions.size() == 2);
}

TEST_CASE("memory groups: a partition goes only to members that subscribe to its topic") {
    const auto b = broker_with({{.name = "t", .partitions = 2}, {.name = "u", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    c.subscribe({{"t"}, {"u"}});
    settle({&a, &c});
    CHECK(owned(c).size() == 3);
    c.subscribe({{"u"}});
    settle({&a, &c});
    CHECK(owned(a) == places{{"t", 0}, {"t", 1}});
    CHECK(owned(c) == places{{"u", 0}, {"u", 1}});
}

TEST_CASE("memory groups: a revocation that was never told is taken back unseen") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    {
        auto c = member(b);
        c.subscribe({{"t"}});
    }
    settle({&a});
    CHECK(a.revoked_.empty());
    CHECK(a.partitions.size() == 2);
}

TEST_CASE("memory groups: a partition being given up stays its owner's through later rebalances") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.releases = false;
    a.subscribe({{"t"}});
    settle({&a});
    c.subscribe({{"t"}});
    settle({&a, &c});
    REQUIRE(a.revoked_ == places{{"t", 1}});
    b->create_partitions("t", 4);
    settle({&a, &c});
    CHECK_FALSE(c.owns({"t", 1}));
    a.commit({"t", 1}, 0);
    settle({&a});
    CHECK(a.results.at(0).error == commit_error::none);
    a.release({"t", 1});
    settle({&a, &c});
    CHECK(c.owns({"t", 1}));
}

TEST_CASE("memory groups: who is in the group is told when all partitions have been given out") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.to->watch_members();
    a.subscribe({{"t"}});
    settle({&a});
    REQUIRE(a.group.size() == 1);
    CHECK(a.group[0].partitions == places{{"t", 0}, {"t", 1}});
    a.releases = false;
    c.subscribe({{"t"}});
    settle({&a, &c});
    CHECK(a.group.size() == 1);  // one partition is on its way
    a.release({"t", 1});
    settle({&a, &c});
    REQUIRE(a.group.size() == 2);
    CHECK(a.group[0].partitions == places{{"t", 0}});
    CHECK(a.group[1].partitions == places{{"t", 1}});
    CHECK(c.group.empty());
    b->revoke("g", {"t", 0});
    a.releases = true;
    settle({&a, &c});
    CHECK(a.group[0].partitions.empty());
}

TEST_CASE("memory groups: nothing is read of a partition once its revocation is told") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b);
    a.releases = false;
    a.subscribe({{"t"}});
    settle({&a});
    b->revoke("g", {"t", 0});
    settle({&a});
    CHECK(a.revoked_ == places{{"t", 0}});
    a.send("t", {}, "late");
    settle({&a});
    CHECK(a.got.empty());
}

TEST_CASE("memory groups: a new topic and new partitions are told and given out") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b);
    a.subscribe({{"t"}, {"later"}});
    settle({&a});
    CHECK(a.changes == 0);
    b->create_topic({.name = "later"});
    settle({&a});
    CHECK(a.changes == 1);
    b->create_partitions("t", 3);
    settle({&a});
    CHECK(a.changes == 2);
    CHECK(owned(a) == places{{"later", 0}, {"t", 0}, {"t", 1}, {"t", 2}});
}

TEST_CASE("memory groups: latest skips what was there, and nothing of partitions added later") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b);
    a.send("t", {}, "old", 0);
    a.subscribe({{"t", reset::latest}});
    b->create_partitions("t", 2);
    a.send("t", {}, "first of the new", 1);
    settle({&a});
    CHECK(a.values() == std::vector<std::string>{"first of the new"});
}

TEST_CASE("memory groups: a released partition that nobody asked for stays unread till the end") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    a.release({"t", 0});
    settle({&a});
    CHECK(a.partitions.empty());
    c.subscribe({{"t"}});
    settle({&a, &c});
    CHECK(c.partitions.empty());
    a.leave();
    settle({&c});
    CHECK(c.owns({"t", 0}));
}

TEST_CASE("memory groups: a revoked partition is nobody's until it is assigned again") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    c.subscribe({{"t"}});
    settle({&a, &c});
    b->revoke("g", {"t", 0});
    settle({&a, &c});
    CHECK(a.revoked_ == places{{"t", 0}});
    CHECK_FALSE(a.owns({"t", 0}));
    CHECK(owned(c) == places{{"t", 1}});
    b->assign("g", {"t", 0});
    settle({&a, &c});
    CHECK(a.owns({"t", 0}));
    CHECK_THROWS_AS(b->revoke("none", {"t", 0}), setup_error);
    CHECK_THROWS_AS(b->revoke("g", {"t", 2}), setup_error);
}

TEST_CASE("memory groups: a lost partition is told as lost and takes no commit") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    b->lose("g", {"t", 0});
    a.commit({"t", 0}, 1);
    settle({&a});
    CHECK(a.lost_ == places{{"t", 0}});
    CHECK(a.revoked_.empty());
    REQUIRE(a.results.size() == 1);
    CHECK(a.results[0].error == commit_error::generation);
    CHECK_FALSE(b->committed("g", {"t", 0}).has_value());
    b->assign("g", {"t", 0});
    settle({&a});
    CHECK(a.owns({"t", 0}));
}

TEST_CASE("memory groups: a killed member has lost all, may commit nothing, and can join anew") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    c.subscribe({{"t"}});
    settle({&a, &c});
    b->kill(*a.to);
    settle({&c});
    CHECK(c.partitions.size() == 2);
    a.commit({"t", 0}, 1);
    settle({&a});
    CHECK(a.lost_ == places{{"t", 0}});
    CHECK(a.results.at(0).error == commit_error::member);
    a.subscribe({{"t"}});
    settle({&a, &c});
    CHECK(a.partitions.size() == 1);
    const auto other = std::make_shared<memory_broker>();
    CHECK_THROWS_AS(other->kill(*a.to), setup_error);
}

TEST_CASE("memory groups: a member destroyed without close leaves") {
    const auto b = broker_with({{.name = "t"}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    c.subscribe({{"t"}});
    a.to.reset();
    settle({&c});
    CHECK(c.owns({"t", 0}));
    a.partitions.clear();
}

TEST_CASE("memory groups: a commit that names what is not the member's stores nothing at all") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    a.subscribe({{"t"}});
    c.subscribe({{"t"}});
    settle({&a, &c});
    const position both[] = {{{"t", 0}, 1}, {{"t", 1}, 1}};
    a.to->commit(both);
    settle({&a});
    CHECK(a.results.at(0).error == commit_error::generation);
    CHECK(a.results[0].text == "group \"g\": \"t\"[1] is not this member's");
    CHECK_FALSE(b->committed("g", {"t", 0}).has_value());
}

TEST_CASE("memory groups: commits are kept in order, failed and seeded ones are not among them") {
    const auto b = broker_with({{.name = "t"}});
    b->seed_commit("g", {"t", 0}, 1);
    b->fail_next_commit("g", 2, commit_error::broker);
    auto a = member(b);
    a.subscribe({{"t"}});
    settle({&a});
    CHECK(a.committed_at[{"t", 0}] == 1);
    for (offset at : {2, 3, 4, 5}) a.commit({"t", 0}, at);
    settle({&a});
    REQUIRE(a.results.size() == 4);
    CHECK(a.results[1].error == commit_error::broker);
    CHECK(a.results[2].error == commit_error::none);
    CHECK(b->commits("g", {"t", 0}) == offsets{4, 5});
    CHECK(b->committed("g", {"t", 0}) == 5);
    CHECK_FALSE(b->committed("other", {"t", 0}).has_value());
    CHECK(b->commits("g", {"none", 0}).empty());
}

TEST_CASE("memory groups: fd wakes who has to give up and who is given") {
    const auto b = broker_with({{.name = "t", .partitions = 2}});
    auto a = member(b), c = member(b);
    const auto readable = [](const client& m) {
        pollfd p{m.to->fd(), POLLIN, 0};
        return ::poll(&p, 1, 0) == 1;
    };
    a.subscribe({{"t"}});
    settle({&a});
    c.subscribe({{"t"}});
    CHECK(readable(a));
    CHECK_FALSE(readable(c));
    a.turn();
    CHECK_FALSE(readable(a));
    CHECK(readable(c));
}

TEST_CASE("memory groups: co-partitioned topics are divided into ranges, others stay as they are") {
    const auto b = broker_with({{.name = "t", .partitions = 5},
                                {.name = "u", .partitions = 5},
                                {.name = "v", .partitions = 4}});
    auto a = member(b), c = member(b);
    const auto subscribe = [](client& m) {
        m.subscribe({{"t", reset::earliest, true}, {"u", reset::earliest, true}, {"v"}});
    };
    subscribe(a);
    settle({&a});
    b->revoke("g", {"v", 0});
    settle({&a});
    subscribe(c);
    b->assign("g", {"v", 0});
    settle({&a, &c});
    CHECK(owned(a) ==
          places{{"t", 0}, {"t", 1}, {"t", 2}, {"u", 0}, {"u", 1}, {"u", 2}, {"v", 0}, {"v", 1}});
    CHECK(owned(c) == places{{"t", 3}, {"t", 4}, {"u", 3}, {"u", 4}, {"v", 2}, {"v", 3}});
    b->create_partitions("t", 6);
    b->create_partitions("u", 6);
    settle({&a, &c});
    CHECK(owned(c) ==
          places{{"t", 3}, {"t", 4}, {"t", 5}, {"u", 3}, {"u", 4}, {"u", 5}, {"v", 2}, {"v", 3}});
}

}  // namespace weir::transport::conformance
