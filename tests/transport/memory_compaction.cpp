// SPDX-License-Identifier: Apache-2.0
// What the broker in memory keeps of a topic: by key, by age, by size.
#include <doctest/doctest.h>

#include <map>
#include <random>

#include <weir/clock.hpp>
#include <weir/error.hpp>

#include <weir/transport/memory.hpp>
#include "conformance.hpp"

using namespace std::chrono_literals;

namespace weir::transport::conformance {
namespace {

using strings = std::vector<std::string>;

struct by_hand final : weir::clock {
    timestamp now{1'700'000'000'000ms};
    timestamp wall() const override { return now; }
};

/// A topic "t" of one partition with these settings, and a client that sends to it.
struct kept {
    explicit kept(std::vector<std::pair<std::string, std::string>> config, memory_options o = {})
        : broker(std::make_shared<memory_broker>(o)), c(connect(broker, "g", {.clock = &time})) {
        broker->create_topic({.name = "t", .partitions = 1, .config = std::move(config)});
    }
    void send(bytes_view key, bytes_view value) {
        record r{.topic = c.to->open("t"), .partition = 0, .key = key, .value = value};
        r.timestamp = time.now;
        REQUIRE(c.to->send(r, 0));
        c.turn();
    }
    /// "key=value" of what is there; a tombstone is "key".
    strings all() {
        strings texts;
        for (auto& m : broker->dump("t")) {
            texts.emplace_back(m.key.view());
            if (!m.value.is_null()) (texts.back() += '=') += m.value.view();
        }
        return texts;
    }
    std::vector<offset> offsets() {
        std::vector<offset> found;
        for (auto& m : broker->dump("t")) found.push_back(m.offset);
        return found;
    }
    std::size_t bytes() {
        std::size_t sum = 0;
        for (auto& m : broker->dump("t")) sum += m.key.size() + m.value.size();
        return sum;
    }

    by_hand time{};
    std::shared_ptr<memory_broker> broker;
    client c;
};

const std::pair<std::string, std::string> compact{"cleanup.policy", "compact"};

}  // namespace

TEST_CASE("memory: compaction leaves the last message of each key, with its offset") {
    kept t{{compact}};
    const headers h{{"h", bytes{"1"}}};
    t.send("a", "1");
    t.send("b", "1");
    t.c.to->send({.topic = t.c.to->open("t"), .key = "a", .value = "2", .headers = &h}, 0);
    t.send("c", "1");
    t.send("c", "2");
    t.send("b", "2");
    t.send("c", "3");
    t.broker->compact("t");
    CHECK(t.all() == strings{"a=2", "b=2", "c=3"});
    CHECK(t.offsets() == std::vector<offset>{2, 5, 6});
    CHECK(t.broker->dump("t")[0].headers == h);
    t.broker->compact("t");
    t.send("a", "3");
    CHECK(t.all() == strings{"a=2", "b=2", "c=3", "a=3"});
    CHECK(t.offsets().back() == 7);
    t.broker->compact("t");
    CHECK(t.all() == strings{"b=2", "c=3", "a=3"});
}

TEST_CASE("memory: a tombstone stays for its time, and what was before it never comes back") {
    kept t{{compact, {"delete.retention.ms", "1000"}}};
    t.send("a", "1");
    t.send("a", {});
    t.send("b", "1");
    t.broker->compact("t");
    CHECK(t.all() == strings{"a", "b=1"});
    t.time.now += 999ms;
    t.broker->compact("t");
    CHECK(t.all() == strings{"a", "b=1"});
    t.time.now += 1ms;
    CHECK(t.all() == strings{"a", "b=1"});
    t.broker->compact("t");
    CHECK(t.all() == strings{"b=1"});
    t.send("a", "2");
    t.broker->compact("t");
    CHECK(t.all() == strings{"b=1", "a=2"});
}

TEST_CASE("memory: a compacted topic takes no message without a key") {
    kept t{{compact}};
    t.send({}, "1");
    t.send("", "2");
    REQUIRE(t.c.delivered_.size() == 2);
    CHECK(t.c.delivered_[0].second.text ==
          "topic \"t\" is compacted: it takes no message without a key");
    CHECK_FALSE(t.c.delivered_[1].second.failed);
}

TEST_CASE("memory: a compacted log is the log without what is superseded, through random changes") {
    for (unsigned seed = 0; seed < 20; ++seed) {
        CAPTURE(seed);
        std::mt19937 random{seed};
        const auto one_in = [&](unsigned n) { return random() % n == 0; };
        kept t{{compact, {"delete.retention.ms", "100"}}, {.retention_bytes = 64 << 10}};
        std::map<std::string, std::string> state;
        const auto keys = 1 + random() % 300;
        auto reader = t.c.to->reader({"t", 0}, 0);
        std::map<std::string, std::string> read;
        std::unique_ptr<fetch> some;
        const auto read_some = [&](std::size_t most) {
            some = reader->read(most, std::move(some));
            if (!some) return false;
            for (auto& m : some->messages()) {
                if (m.value.is_null()) read.erase(std::string{m.key.view()});
                else read[std::string{m.key.view()}] = m.value.view();
            }
            return true;
        };
        for (int i = 0; i < 5000; ++i) {
            const auto key = std::to_string(random() % keys);
            if (one_in(4)) {
                t.send(key, {});
                state.erase(key);
            } else {
                const auto value = std::to_string(i) + std::string(random() % 100, 'x');
                t.send(key, value);
                state[key] = value;
            }
            if (one_in(10)) t.time.now += 1ms;
            if (one_in(500)) t.broker->compact("t");
            // within the time of a tombstone, as Kafka asks of those who read
            if (one_in(50))
                while (read_some(1 + random() % 100)) {}
        }
        while (read_some(100)) {}
        CHECK(read == state);
        CHECK(reader->position() == 5000);
        reader.reset();
        t.broker->compact("t");
        read.clear();
        reader = t.c.to->reader({"t", 0}, 0);
        while (read_some(7)) {}
        CHECK(read == state);
        CHECK(reader->position() == 5000);
        t.time.now += 100ms;
        t.broker->compact("t");
        CHECK(t.broker->dump("t").size() == state.size());
    }
}

TEST_CASE("memory: compaction runs by itself: a log stays within twice its keys, and loses none") {
    kept t{{compact}, {.retention_bytes = 1 << 20}};
    const std::string value(1000, 'x');
    std::size_t most = 0;
    for (int i = 0; i < 20'000; ++i) {
        t.send(std::to_string(i % 1000), value);
        if (i % 1000 == 999) most = std::max(most, t.bytes());
    }
    CHECK(most < 4 * 1000 * value.size());
    std::map<std::string, int> seen;
    for (auto& m : t.broker->dump("t")) ++seen[std::string{m.key.view()}];
    CHECK(seen.size() == 1000);
}

TEST_CASE("memory: a compacted topic holds more than retention_bytes, and a send never waits") {
    kept t{{compact}, {.retention_bytes = 64 << 10}};
    for (int i = 0; i < 1000; ++i) t.send(std::to_string(i), std::string(1000, 'x'));
    t.broker->compact("t");
    CHECK(t.broker->dump("t").size() == 1000);
}

TEST_CASE(
    "memory: a reader's position passes what was compacted at the end, and does not go back") {
    kept t{{compact, {"delete.retention.ms", "0"}}};
    for (auto* v : {"1", "2"}) t.send("a", v);
    for (int i = 0; i < 3; ++i) t.send("b", {});
    t.broker->compact("t");
    reading r{t.c, {"t", 0}};
    CHECK(r.to_end());
    CHECK(r.values() == strings{"2"});
    CHECK(r.from->position() == 5);
    t.send("c", "3");
    CHECK(r.from->position() == 5);
    CHECK(r.to(6));
    CHECK(r.values() == strings{"2", "3"});
}

TEST_CASE("memory: a reader in the middle of the log reads what compaction has left") {
    kept t{{compact}};
    for (auto* key : {"a", "b", "c", "b", "c"}) t.send(key, key);
    const auto r = t.c.to->reader({"t", 0}, 0);
    auto first = r->read(1, nullptr);
    t.broker->compact("t");
    CHECK(first->messages()[0].key == bytes_view{"a"});
    const auto rest = r->read(10, nullptr);
    REQUIRE(rest->messages().size() == 2);
    CHECK(rest->messages()[0].offset == 3);
}

TEST_CASE(
    "memory: messages that are older than retention.ms go, read or not, by the broker's clock") {
    kept t{{{"retention.ms", "1000"}}};
    t.c.subscribe({{"t"}});
    t.c.reads = false;
    settle({&t.c});
    t.send("a", "1");
    t.time.now += 600ms;
    t.send("b", "1");
    t.time.now += 400ms;
    CHECK(t.all() == strings{"a=1", "b=1"});
    t.time.now += 1ms;
    CHECK(t.all() == strings{"b=1"});
    t.time.now += 1s;
    t.c.reads = true;
    settle({&t.c});
    CHECK(t.c.got.empty());
    t.send("c", "1");
    settle({&t.c});
    CHECK(t.c.values() == strings{"1"});
    CHECK(t.offsets() == std::vector<offset>{2});
}

TEST_CASE("memory: retention.bytes stay of a topic, whoever has not read the others") {
    kept t{{{"retention.bytes", "40000"}}};
    t.c.subscribe({{"t"}});
    t.c.reads = false;
    settle({&t.c});
    for (int i = 0; i < 1000; ++i) t.send("k", std::string(1000, 'x'));
    CHECK(t.bytes() >= 30'000);
    CHECK(t.bytes() <= 60'000);
    CHECK(t.offsets().back() == 999);
}

TEST_CASE("memory: compact,delete does both, and compact alone does not age") {
    for (const auto* policy : {"compact,delete", "delete,compact", "compact"}) {
        CAPTURE(policy);
        kept t{{{"cleanup.policy", policy}, {"retention.ms", "1000"}}};
        t.send("a", "1");
        t.send("a", "2");
        t.send("b", "1");
        t.broker->compact("t");
        CHECK(t.all() == strings{"a=2", "b=1"});
        t.time.now += 500ms;
        t.send("a", "3");
        t.time.now += 501ms;
        t.broker->compact("t");
        const bool ages = std::string{policy} != "compact";
        CHECK(t.all() == (ages ? strings{"a=3"} : strings{"b=1", "a=3"}));
    }
}

TEST_CASE("memory: what is deleted of a compacted topic is forgotten by its keys, too") {
    kept t{{compact}};
    for (int i = 0; i < 1000; ++i) t.send(std::to_string(i), std::string(100, 'x'));
    t.broker->delete_records({"t", 0}, 999);
    CHECK(t.all().size() == 1);
    for (int i = 0; i < 1000; ++i) t.send(std::to_string(i), "y");
    t.broker->compact("t");
    CHECK(t.broker->dump("t").size() == 1000);
    CHECK(t.offsets().front() == 1000);
}

TEST_CASE("memory: settings that Kafka refuses are refused, others are kept and told") {
    memory_broker b;
    const auto create = [&](const char* name, const char* value) {
        b.create_topic({.name = "t", .partitions = 1, .config = {{name, value}}});
    };
    CHECK_THROWS_WITH_AS(create("cleanup.policy", "shrink"),
                         "topic \"t\" cannot have cleanup.policy=shrink: it is compact, delete, or "
                         "compact,delete",
                         setup_error);
    CHECK_THROWS_AS(create("retention.ms", "week"), setup_error);
    CHECK_THROWS_AS(create("retention.bytes", "-2"), setup_error);
    CHECK_THROWS_AS(create("delete.retention.ms", "-1"), setup_error);
    CHECK_FALSE(b.partitions("t").has_value());
    create("segment.ms", "10");
    CHECK(b.config("t") == topic_config{{"segment.ms", "10"}});
    CHECK_THROWS_WITH_AS(b.compact("none"), "topic \"none\" does not exist", setup_error);
}

}  // namespace weir::transport::conformance
