// SPDX-License-Identifier: Apache-2.0
// What a real broker does to those who read without the group: transactions, compaction, faults.
#include <doctest/doctest.h>
#include <poll.h>

#include <chrono>
#include <transport/kafka/kafka.hpp>

#include "../transport/conformance.hpp"
#include "broker.hpp"

using namespace tests;
using namespace std::chrono_literals;
using weir::topic_partition;
using weir::transport::conformance::client;
using weir::transport::conformance::reading;

namespace {

client connected(const std::string& to = servers(), weir::properties all = {}) {
    return client{weir::transport::kafka::connect(
        {.servers = to, .group = fresh("g"), .properties = std::move(all)})};
}

/// Turns the client until the condition holds, or a minute is over.
template <class Condition>
bool until(client& c, Condition holds) {
    const auto end = std::chrono::steady_clock::now() + 60s;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        if (c.turn()) continue;
        pollfd p{c.to->fd(), POLLIN, 0};
        ::poll(&p, 1, 1000);
    }
    return true;
}

}  // namespace

TEST_CASE("kafka: a reader passes what a transaction leaves at the end of the log") {
    admin on;
    transactional sender;
    const auto t = fresh("t");
    on.create(t, 1);
    sender.begin();
    sender.send(t, 5);
    sender.commit();
    auto c = connected();
    reading committed{c, {t, 0}};
    // the marker is written a moment after the commit
    REQUIRE(until(c, [&] { return committed.to(6) && committed.to_end(); }));
    CHECK(committed.got.size() == 5);
    CHECK(committed.from->position() == 6);
    sender.begin();
    sender.send(t, 5);
    sender.abort();
    REQUIRE(until(c, [&] { return committed.to(12); }));
    CHECK(committed.got.size() == 5);
    committed.from.reset();
    reading anew{c, {t, 0}};
    REQUIRE(until(c, [&] { return anew.to_end(); }));
    CHECK(anew.got.size() == 5);
    CHECK(anew.from->position() == 12);
    CHECK(anew.from->end() == 12);
}

TEST_CASE("kafka: a reader does not wait for an open transaction, and reads it when it has ended") {
    admin on;
    transactional sender;
    const auto t = fresh("t");
    on.create(t, 1);
    on.fill(t, 3);
    sender.begin();
    sender.send(t, 2);
    auto c = connected(servers(), {{"isolation.level", "read_uncommitted"}});  // not for readers
    reading r{c, {t, 0}};
    REQUIRE(until(c, [&] { return r.to_end(); }));
    CHECK(r.got.size() == 3);
    CHECK(r.from->position() == 3);
    sender.commit();
    REQUIRE(until(c, [&] { return r.to(6); }));
    CHECK(r.got.size() == 5);
}

TEST_CASE("kafka: a reader is woken by what comes, and not once a second") {
    admin on;
    const auto t = fresh("t");
    on.create(t, 1);
    auto c = connected();
    reading r{c, {t, 0}};
    REQUIRE(until(c, [&] { return r.to_end(); }));
    const auto begun = std::chrono::steady_clock::now();
    for (int i = 0; i < 20; ++i) {
        on.fill(t, 1, i);
        REQUIRE(until(c, [&] { return r.to(i + 1); }));
    }
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
}

TEST_CASE("kafka: a reader goes on when its broker comes back") {
    const auto t = fresh("t");
    {
        admin on;
        on.create(t, 1);
        on.fill(t, 10);
    }
    auto c = connected();
    reading r{c, {t, 0}};
    REQUIRE(until(c, [&] { return r.to_end(); }));
    broker("kill");
    broker("start");
    admin on;
    REQUIRE(tests::until([&] { return on.ends(t) == std::vector<weir::offset>{10}; }));
    on.fill(t, 10, 10);
    REQUIRE(until(c, [&] { return r.to(20); }));
    CHECK(r.got.size() == 20);
    CHECK(c.fatal.empty());
}

TEST_CASE("kafka: a reader whose broker is away when it is made begins when the broker comes") {
    const auto t = fresh("t");
    {
        admin on;
        on.create(t, 1);
        on.fill(t, 10);
    }
    broker("kill");
    auto c = connected();
    reading r{c, {t, 0}};
    CHECK_FALSE(r.to_end());
    broker("start");
    REQUIRE(until(c, [&] { return r.to_end(); }));
    CHECK(r.got.size() == 10);
    CHECK(c.fatal.empty());
}

TEST_CASE("kafka: a reader whose topic is deleted ends the run with a sentence, and at once") {
    admin on;
    const auto t = fresh("t");
    on.create(t, 2);
    on.fill(t, 10);
    auto c = connected();
    reading a{c, {t, 0}}, b{c, {t, 1}};
    REQUIRE(until(c, [&] { return a.to_end() && b.to_end(); }));
    on.remove(t);
    REQUIRE(until(c, [&] { return a.to_end(), b.to_end(), !c.fatal.empty(); }));
    CHECK(c.fatal[0].find(t) != std::string::npos);
    CHECK(c.fatal[0].find("it was deleted") != std::string::npos);
    const auto begun = std::chrono::steady_clock::now();
    a.from.reset();
    b.from.reset();
    c.leave();
    CHECK(std::chrono::steady_clock::now() - begun < 10s);
}

TEST_CASE("kafka: a reader that gets no answer says so, and what to check") {
    admin on;
    const auto t = fresh("t");
    on.create(t, 1);
    auto c = connected(login_server(), {{"security.protocol", "sasl_plaintext"},
                                        {"sasl.mechanisms", "PLAIN"},
                                        {"sasl.username", "stranger"},
                                        {"sasl.password", "secret"},
                                        {"enable.idempotence", "false"}});
    reading r{c, {t, 0}};
    const auto is_told = [&] {
        r.to_end();
        return !c.told.empty() && c.told.back().find("'" + t + "'[0]") != std::string::npos;
    };
    REQUIRE(until(c, is_told));
    CHECK(c.told.back().find("READ") != std::string::npos);
}

TEST_CASE("kafka: what nobody reads is fetched as far as the limit, and the rest when it is read") {
    admin on;
    const auto t = fresh("t"), small = fresh("small");
    on.create(t, 1);
    on.create(small, 1);
    const std::string large(500'000, 'x');
    for (int i = 0; i < 100; ++i) on.send(t, "k", large, 0);  // 50 MB
    on.flush();
    auto c = connected();
    reading r{c, {t, 0}}, other{c, {small, 0}};
    REQUIRE(until(c, [&] { return (r.last = r.from->read(1, nullptr)) != nullptr; }));
    for (int i = 0; i < 50; ++i) {  // meanwhile there is time to fetch
        on.fill(small, 1, i);
        REQUIRE(until(c, [&] { return other.to(i + 1); }));
    }
    broker("hang");
    r.last.reset();
    r.to_end();
    const auto ahead = r.got.size();
    broker("wake");
    CHECK(ahead > 0);
    CHECK(ahead < 30);  // 8 MB, and what one answer may bring besides
    REQUIRE(until(c, [&] { return r.to_end(); }));
    CHECK(r.got.size() == 99);
}

TEST_CASE("kafka: readers are gone with a broker that hangs, and nobody waits for it") {
    admin on;
    const auto t = fresh("t");
    on.create(t, 4);
    on.fill(t, 1000);
    auto c = std::make_unique<client>(connected());
    std::vector<std::unique_ptr<reading>> all;
    for (int p = 0; p < 4; ++p) all.push_back(std::make_unique<reading>(*c, topic_partition{t, p}));
    for (auto& r : all) REQUIRE(until(*c, [&] { return r->to_end(); }));
    broker("hang");
    const auto begun = std::chrono::steady_clock::now();
    all.pop_back();
    all.clear();
    c->to->close(*c, 1s);
    c.reset();
    const auto took = std::chrono::steady_clock::now() - begun;
    broker("wake");
    CHECK(took < 10s);
}
