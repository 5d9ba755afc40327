// SPDX-License-Identifier: Apache-2.0
// What only the broker in memory does: its logs, its limits, its faults, its wake-ups.
#include <weir/transport/memory.hpp>

#include <doctest/doctest.h>
#include <poll.h>

#include <string>

#include <weir/error.hpp>

#include "conformance.hpp"

namespace weir::transport::conformance {
namespace {

class memory_broker_backend final : public backend {
public:
    std::string name() const override { return "memory"; }
    std::unique_ptr<transport> connect(const std::string& group) override {
        return weir::transport::connect(broker_, group);
    }
    std::string fresh(const std::string& stem) override { return stem + std::to_string(next_++); }
    bool wait(std::span<transport* const>) override { return false; }  // all happens at once
    void compact(const std::string& topic) override { broker_->compact(topic); }

private:
    std::shared_ptr<memory_broker> broker_ = std::make_shared<memory_broker>();
    int next_ = 0;
};

std::shared_ptr<memory_broker> broker_with(const std::string& topic, partition_id partitions = 1,
                                           memory_options options = {}) {
    auto broker = std::make_shared<memory_broker>(options);
    broker->create_topic({.name = topic, .partitions = partitions});
    return broker;
}

client member(const std::shared_ptr<memory_broker>& b, const std::string& group = "g",
              memory_member_options options = {}) {
    return client{connect(b, group, options)};
}

bool readable(const client& c) {
    pollfd p{c.to->fd(), POLLIN, 0};
    return ::poll(&p, 1, 0) == 1;
}

}  // namespace

std::vector<std::unique_ptr<backend>> backends() {
    std::vector<std::unique_ptr<backend>> all;
    all.push_back(std::make_unique<memory_broker_backend>());
    return all;
}

TEST_CASE("memory: a name means one broker while anybody holds it") {
    auto a = memory_broker::named("shop");
    a->create_topic({.name = "t"});
    CHECK(memory_broker::named("shop") == a);
    CHECK(memory_broker::named("other") != a);
    auto held = connect(a, "g");
    a.reset();
    CHECK(memory_broker::named("shop")->partitions("t") == 1);  // the member holds it
    held.reset();
    CHECK_FALSE(memory_broker::named("shop")->partitions("t").has_value());
}

TEST_CASE("memory: topics are listed, and a bad name or number is refused") {
    const auto b = broker_with("b", 1, {.default_partitions = 3});
    b->create_topic({.name = "a"});
    CHECK(b->topics() == std::vector<std::string>{"a", "b"});
    CHECK(b->partitions("a") == 3);
    CHECK_THROWS_AS(b->create_topic({.name = "a b"}), setup_error);
    CHECK_THROWS_AS(b->create_topic({.name = "c", .partitions = -1}), setup_error);
    CHECK_THROWS_AS(b->create_partitions("a", 2), setup_error);
    CHECK_THROWS_AS(b->create_partitions("c", 2), setup_error);
}

TEST_CASE("memory: a message to a topic that does not exist fails until it is created") {
    const auto b = std::make_shared<memory_broker>();
    auto c = member(b);
    c.send("t", "k", "lost");
    b->create_topic({.name = "t"});
    c.send("t", "k", "kept");
    settle({&c});
    REQUIRE(c.delivered_.size() == 2);
    CHECK(c.delivered_[0].second.failed);
    CHECK(c.delivered_[0].second.text == "topic \"t\" does not exist: create it first");
    CHECK_FALSE(c.delivered_[1].second.failed);
    CHECK(b->dump("t").size() == 1);
}

TEST_CASE("memory: messages without a key take turns among the partitions") {
    const auto b = broker_with("t", 3);
    auto c = member(b);
    for (auto* v : {"0", "1", "2", "3"}) c.send("t", {}, v);
    const auto all = b->dump("t");
    REQUIRE(all.size() == 4);
    for (std::size_t i = 0; i < 4; ++i) CHECK(all[i].partition == static_cast<int>(i % 3));
}

TEST_CASE("memory: dump shows all partitions in the order of sending") {
    const auto b = broker_with("t", 2);
    auto c = member(b);
    const headers h{{"h", bytes{"1"}}};
    c.to->send({.topic = c.to->open("t"), .partition = 1, .value = "a", .headers = &h}, 0);
    c.send("t", "k", {}, 0);
    c.send("t", {}, {}, 1);
    const timestamp when{std::chrono::milliseconds{1'700'000'000'000}};
    CHECK(b->dump("t") == std::vector<stored_message>{{1, 0, {}, "a", h, {}},
                                                      {0, 0, "k", {}, {}, when},
                                                      {1, 1, {}, {}, {}, when}});
    CHECK(b->dump("none").empty());
}

TEST_CASE("memory: skipped offsets make a gap that reading passes over") {
    const auto b = broker_with("t");
    auto c = member(b);
    c.subscribe({{"t"}});
    c.send("t", "k", "a");
    b->skip_offsets({"t", 0}, 2'000'000'000);
    c.send("t", "k", "b");
    settle({&c});
    REQUIRE(c.got.size() == 2);
    CHECK(c.got[1].offset == 2'000'000'001);
    CHECK_THROWS_AS(b->skip_offsets({"t", 1}, 1), setup_error);
}

TEST_CASE("memory: a committed offset inside a gap or beyond the end starts at what comes next") {
    const auto b = broker_with("t", 2);
    b->skip_offsets({"t", 0}, 10);
    b->seed_commit("g", {"t", 0}, 5);
    b->seed_commit("g", {"t", 1}, 1);
    auto c = member(b);
    for (auto* v : {"a", "b"}) c.send("t", {}, v, 0);
    for (auto* v : {"c", "d"}) c.send("t", {}, v, 1);
    c.subscribe({{"t"}});
    settle({&c});
    CHECK(c.values() == std::vector<std::string>{"a", "b", "d"});
    CHECK(c.got[0].offset == 10);
    CHECK(c.committed_at[{"t", 0}] == 5);
}

TEST_CASE("memory: what was read stays while later messages come, through many chunks") {
    const auto b = broker_with("t");
    auto c = member(b);
    c.reads = false;
    c.subscribe({{"t"}});
    settle({&c});
    std::vector<std::unique_ptr<fetch>> kept;
    for (int i = 0; i < 5000; ++i) {
        const headers h{{"n", bytes{std::to_string(i)}}};
        const auto value = std::string(500, 'x') + std::to_string(i);
        record r{.topic = c.to->open("t"), .key = "k", .value = value};
        if (i % 3 == 0) r.headers = &h;
        REQUIRE(c.to->send(r, 0));
        kept.push_back(c.partitions[{"t", 0}]->read(10, nullptr));
        REQUIRE(kept.back());
    }
    for (int i = 0; i < 5000; ++i) {
        const auto& f = *kept[static_cast<std::size_t>(i)];
        REQUIRE(f.messages().size() == 1);
        REQUIRE(f.messages()[0].value.view().substr(500) == std::to_string(i));
        REQUIRE(f.headers(0).size() == (i % 3 == 0 ? 1 : 0));
        if (i % 3 == 0) REQUIRE(f.headers(0)[0].value == bytes{std::to_string(i)});
    }
}

TEST_CASE("memory: messages in a row share their headers if they are the same") {
    auto broker = std::make_shared<memory_broker>();
    auto c = connect(broker, "g");
    broker->create_topic({.name = "t", .partitions = 1});
    for (const auto* value : {"1", "1", "2", "1"}) {
        const headers h{{"h", bytes{value}}};
        c->send({.topic = c->open("t"), .partition = 0, .value = "v", .headers = &h}, 0);
    }
    std::string all;
    for (auto& m : broker->dump("t")) all += m.headers.at(0).value->view();
    CHECK(all == "1121");
}

TEST_CASE("memory: a message larger than max_message_bytes fails with a sentence") {
    const auto b = broker_with("t", 1, {.max_message_bytes = 100});
    auto c = member(b);
    c.send("t", "k", std::string(31, 'x'));
    c.send("t", "k", std::string(32, 'x'));
    settle({&c});
    CHECK_FALSE(c.delivered_[0].second.failed);
    CHECK(c.delivered_[1].second.text == "a message to topic \"t\" takes 101 bytes, more than "
                                         "memory_options::max_message_bytes = 100; its key is 'k'");
}

TEST_CASE("memory: a topic's max.message.bytes counts in place of the broker's") {
    const auto b = broker_with("t", 1, {.max_message_bytes = 100});
    auto c = member(b);
    c.to->create({.name = "large", .partitions = 1, .config = {{"max.message.bytes", "200"}}});
    c.send("large", "k", std::string(129, 'x'));
    c.send("large", "k", std::string(130, 'x'));
    settle({&c});
    CHECK_FALSE(c.delivered_[0].second.failed);
    CHECK(c.delivered_[1].second.too_large);
    CHECK(c.delivered_[1].second.text == "a message to topic \"large\" takes 201 bytes, more than "
                                         "its max.message.bytes = 200; its key is 'k'");
    const std::string names[] = {"t", "large", "none"};
    const auto all = c.to->configs(names);
    CHECK(all[0].at("max.message.bytes") == "100");
    CHECK(all[1].at("max.message.bytes") == "200");
    CHECK(all[2].empty());
    CHECK_THROWS_WITH_AS(c.to->create({.name = "x", .config = {{"max.message.bytes", "1 MB"}}}),
                         doctest::Contains("max.message.bytes=1 MB is not a number of bytes"),
                         setup_error);
}

TEST_CASE("memory: a broker that has a name has the options of who made it") {
    const memory_options small{.max_message_bytes = 100};
    const auto made = memory_broker::named("small", small);
    CHECK(memory_broker::named("small") == made);
    CHECK(memory_broker::named("small", small) == made);
    CHECK_THROWS_WITH_AS(memory_broker::named("small", {.max_message_bytes = 200}),
                         doctest::Contains("has other memory_options already"), setup_error);
}

TEST_CASE("memory: a topic nobody subscribed to keeps its newest messages within the limit") {
    const auto b = broker_with("t", 1, {.retention_bytes = 64 << 10});
    auto c = member(b);
    for (int i = 0; i < 5000; ++i) REQUIRE(c.send("t", {}, std::string(100, 'x')));
    const auto all = b->dump("t");
    CHECK(all.size() > 300);
    CHECK(all.size() * 148 < 64 << 10);
    CHECK(all.back().offset == 4999);
}

TEST_CASE("memory: what a group has not committed is never dropped; send waits for its commit") {
    const auto b = broker_with("t", 1, {.retention_bytes = 64 << 10});
    auto from = member(b, "producer"), to = member(b);
    to.subscribe({{"t"}});
    settle({&to});
    int sent = 0;
    while (from.send("t", {}, std::string(100, 'x'))) REQUIRE(++sent < 5000);
    CHECK_FALSE(from.send("t", {}, "y"));
    settle({&from, &to});
    CHECK(to.got.size() == static_cast<std::size_t>(sent));
    CHECK_FALSE(from.send("t", {}, std::string(100, 'x')));  // read is not yet committed
    CHECK_FALSE(readable(from));
    to.commit({"t", 0}, sent);
    CHECK(readable(from));  // room again is news
    CHECK(from.send("t", {}, std::string(100, 'x')));
    CHECK(b->dump("t").front().offset > 0);
    settle({&to});
    CHECK(to.got.back().offset == sent);
}

TEST_CASE("memory: send answers false at queue_max untold reports, and takes again after poll") {
    const auto b = broker_with("t");
    auto c = member(b, "g", {.queue_max = 2});
    CHECK(c.send("t", {}, "a"));
    CHECK(c.send("t", {}, "b"));
    CHECK_FALSE(c.send("t", {}, "c"));
    settle({&c});
    CHECK(c.send("t", {}, "c"));
    CHECK(b->dump("t").size() == 3);
}

TEST_CASE("memory: the next sends of a topic fail when told so, and store nothing") {
    const auto b = broker_with("t");
    b->fail_next_send("t", 2);
    auto c = member(b);
    for (auto* v : {"a", "b", "c"}) c.send("t", {}, v);
    settle({&c});
    CHECK(c.delivered_[0].second.failed);
    CHECK(c.delivered_[1].second.failed);
    CHECK_FALSE(c.delivered_[2].second.failed);
    REQUIRE(b->dump("t").size() == 1);
    CHECK(b->dump("t")[0].value == bytes{"c"});
}

TEST_CASE("memory: fd wakes for another's message, once, and only after a read brought nothing") {
    const auto b = broker_with("t");
    auto to = member(b), from = member(b, "other");
    to.reads = false;
    to.subscribe({{"t"}});
    settle({&to});
    CHECK_FALSE(readable(to));
    auto& p = *to.partitions[{"t", 0}];
    from.send("t", {}, "a");
    CHECK_FALSE(readable(to));  // it has not looked yet
    CHECK(p.read(10, nullptr));
    CHECK_FALSE(p.read(10, nullptr));
    from.send("t", {}, "b");
    CHECK(readable(to));
    CHECK(to.to->poll(to));  // news, though nothing is told
    CHECK_FALSE(readable(to));
    from.send("t", {}, "c");
    CHECK_FALSE(readable(to));  // not empty yet
}

TEST_CASE("memory: what a member does itself is news for its poll, not for its fd") {
    const auto b = broker_with("t");
    auto c = member(b);
    c.subscribe({{"t"}});
    settle({&c});
    c.send("t", {}, "a");
    CHECK_FALSE(readable(c));
    settle({&c});
    CHECK(c.values() == std::vector<std::string>{"a"});
    CHECK_FALSE(c.turn());
}

TEST_CASE("memory: a purge drops the messages below, of a part of a chunk, too") {
    const auto b = broker_with("t");
    auto c = member(b);
    for (int i = 0; i < 1000; ++i) c.send("t", "k", std::string(100, 'x'));
    const auto purge = [&](offset upto) {
        const position below{{"t", 0}, upto};
        c.to->purge({&below, 1});
    };
    purge(777);
    CHECK(b->dump("t").size() == 223);
    CHECK(b->dump("t").front().offset == 777);
    purge(5);  // never back
    CHECK(b->dump("t").size() == 223);
    purge(5000);  // not beyond the end
    CHECK(b->dump("t").empty());
    c.send("t", "k", "next");
    CHECK(b->dump("t").front().offset == 1000);
    c.subscribe({{"t"}});
    settle({&c});
    CHECK(c.values() == std::vector<std::string>{"next"});
}

TEST_CASE("memory: a purge makes room, also for what a group has not committed") {
    const auto b = broker_with("t", 1, {.retention_bytes = 64 << 10});
    auto from = member(b, "producer"), to = member(b);
    to.subscribe({{"t"}});
    settle({&to});
    int sent = 0;
    while (from.send("t", {}, std::string(100, 'x'))) REQUIRE(++sent < 5000);
    settle({&from});
    CHECK_FALSE(from.send("t", {}, std::string(100, 'x')));
    CHECK_FALSE(readable(from));
    const position below{{"t", 0}, sent};
    to.to->purge({&below, 1});
    CHECK(readable(from));
    CHECK(from.send("t", {}, std::string(100, 'x')));
    CHECK(b->dump("t").size() == 1);
}

}  // namespace weir::transport::conformance
