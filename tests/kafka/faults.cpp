// SPDX-License-Identifier: Apache-2.0
// What a real broker does to an app: it goes away, topics go.
#include <doctest/doctest.h>

#include <cstdlib>
#include <numeric>
#include <set>

#include <weir/ask.hpp>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::size_t count(admin& on, const std::string& topic) {
    const auto ends = on.ends(topic);
    return static_cast<std::size_t>(std::accumulate(ends.begin(), ends.end(), weir::offset{0}));
}

weir::app_options logged_in(noted& seen, const std::string& user, const std::string& password) {
    auto o = on_kafka(seen);
    o.broker = "kafka://" + login_server();
    o.kafka.insert(o.kafka.end(), {{"security.protocol", "sasl_plaintext"},
                                   {"sasl.mechanisms", "PLAIN"},
                                   {"sasl.username", user},
                                   {"sasl.password", password}});
    return o;
}

void copy(weir::app& app, const std::string& in, const std::string& out, noted& seen) {
    app.agent("a", app.topic<std::string>(in) | weir::tap([&](auto& v) { seen.add(v); }) |
                       weir::to(app.topic<std::string>(out)));
}

/// The broker is started anew, with a disk that is full soon. Its next start gives it a larger one.
void fill_disk() {
    constexpr auto size = "WEIR_KAFKA_FILE_KB";
    broker("stop");
    REQUIRE(::setenv(size, "11000", 1) == 0);  // a segment's index takes 10 MB
    broker("start");
    ::unsetenv(size);
}

}  // namespace

TEST_CASE("kafka: a user who may has his messages read and sent") {
    admin on;
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    on.create(in, 2);
    on.create(out, 2);
    on.fill(in, 20);
    weir::app app{id, logged_in(seen, "weir", "secret")};
    copy(app, in, out, seen);
    running r{app};
    CHECK(until([&] { return count(on, out) == 20; }));
    CHECK(r.stop() == "");
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("kafka: a login that the broker refuses is a sentence within seconds") {
    noted seen;
    weir::app app{fresh("app"), logged_in(seen, "weir", "guessed")};
    app.agent("a", app.topic<std::string>("t") | weir::for_each([](auto&) {}));
    const auto begun = std::chrono::steady_clock::now();
    CHECK_THROWS_WITH_AS(app.run(), doctest::Contains("sasl.username and sasl.password"),
                         weir::setup_error);
    CHECK(std::chrono::steady_clock::now() - begun < 20s);  // it gives up by itself
}

TEST_CASE("kafka: a start that fails names the cause, and does not say that weir goes on") {
    noted seen;
    struct setting {
        std::string server;
        weir::properties properties;
        std::vector<std::string> says;
    };
    const std::string missing = "/nonexistent/ca.pem";
    const std::vector<setting> all{
        {login_server(), {}, {login_server(), "asks for a login or TLS: security.protocol"}},
        {servers(), {{"security.protocol", "ssl"}}, {servers(), "ssl.ca.location"}},
        {servers(),
         {{"security.protocol", "sasl_plaintext"},
          {"sasl.mechanisms", "PLAIN"},
          {"sasl.username", "u"},
          {"sasl.password", "p"}},
         {servers(), "check security.protocol, sasl.mechanisms"}},
        {servers(),
         {{"security.protocol", "ssl"}, {"ssl.ca.location", missing}},
         {"ssl.ca.location=" + missing + ": No such file or directory"}},
        {"nosuchhost.invalid:9092", {}, {"nosuchhost.invalid:9092", "check the host's name"}},
        {away_server(), {}, {"away.invalid:9092", "advertised.listeners"}},
    };
    for (auto& a : all) {
        auto o = on_kafka(seen);
        o.broker = "kafka://" + a.server;
        o.kafka.insert(o.kafka.end(), a.properties.begin(), a.properties.end());
        o.connect_timeout = 3s;
        weir::app app{fresh("app"), o};
        app.agent("a", app.topic(fresh("made")) | weir::for_each([](auto&) {}));
        std::string said;
        try {
            app.run();
        } catch (const weir::setup_error& e) { said = e.what(); }
        CAPTURE(said);
        for (auto& part : a.says) {
            CAPTURE(part);
            CHECK(said.find(part) != said.npos);
        }
        CHECK(said.find("goes on trying") == said.npos);
        CHECK(said.find("brokers are down") == said.npos);
    }
    CHECK_FALSE(seen.said("goes on trying"));
}

TEST_CASE("kafka: an app that may wait for ever says why, and can be stopped meanwhile") {
    noted seen;
    auto o = on_kafka(seen);
    o.broker = "kafka://127.0.0.1:1";
    o.connect_timeout = weir::duration::max();
    weir::app app{fresh("app"), o};
    app.agent("a", app.topic("t") | weir::for_each([](auto&) {}));
    running r{app};
    CHECK(until([&] { return seen.said("Connection refused"); }));
    CHECK(seen.said("weir goes on trying"));
    CHECK(r.stop() == "");
}

TEST_CASE("kafka: an app that may wait for ever works once the broker has come") {
    admin on;
    noted seen;
    const auto in = fresh("in");
    on.create(in, 1);
    on.fill(in, 10);
    broker("kill");
    auto o = on_kafka(seen);
    o.connect_timeout = weir::duration::max();
    weir::app app{fresh("app"), o};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
    running r{app};
    CHECK(until([&] { return seen.said("weir goes on trying"); }));
    broker("start");
    CHECK(until([&] { return seen.size() == 10; }));
    CHECK(r.stop() == "");
}

TEST_CASE("kafka: a user who may not read a topic ends the run with the right that is missing") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, 3);
    weir::app app{id, logged_in(seen, "stranger", "secret")};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
    running r{app};
    const auto why = r.end();
    CHECK(why.find(in) != why.npos);
    CHECK(why.find("it needs READ to consume") != why.npos);
    CHECK(seen.size() == 0);
    CHECK(on.committed(id, in) == std::vector<weir::offset>{-1});
}

TEST_CASE("kafka: a broker that is killed and comes back costs a sentence, and no message") {
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    {
        admin on;
        on.create(in, 2);
        on.create(out, 2);
        on.fill(in, 500);
    }
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{id, o};
    copy(app, in, out, seen);
    running r{app};
    REQUIRE(until([&] { return seen.size() >= 500; }));
    broker("kill");
    CHECK(until([&] { return seen.said("check that the broker runs"); }));
    broker("start");
    admin on;
    on.fill(in, 500, 500);
    CHECK(until([&] { return seen.size() >= 1000; }, 90s));
    CHECK(until([&] { return count(on, out) >= 1000; }));
    CHECK(r.stop() == "");
    std::set<std::string> values;
    for (auto& m : on.dump(out)) values.insert(std::string{m.value.view()});
    CHECK(values.size() == 1000);
    CHECK(on.committed(id, in) == on.ends(in));
}

TEST_CASE("kafka: a table is right when the broker's disk was full while it was written") {
    constexpr int keys = 150;
    const std::string large(100'000, 'v');  // all of them are more than the disk takes
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    {
        admin on;
        on.create(in, 1);
    }
    fill_disk();
    auto o = on_kafka(seen);
    o.commit_interval = 1s;
    const auto follow = [&](weir::app& app) {
        auto table = app.table<std::string, std::string>("large", {.init = large});
        app.agent("a", app.topic<std::string, std::string>(in) |
                           weir::aggregate(table, [](std::string& v, auto&) { v += '+'; }) |
                           weir::for_each([&](auto& v) { seen.add(v); }));
        return table;
    };
    {
        weir::app app{id, o};
        follow(app);
        running r{app};
        {
            admin on;
            on.fill(in, keys);
            on.flush();
        }
        REQUIRE(until([&] { return seen.said("check that the broker runs"); }));
        broker("start");
        admin on;
        on.fill(in, keys);
        CHECK(until([&] { return on.committed(id, in) == std::vector<weir::offset>{2 * keys}; }));
        CHECK(r.stop() == "");
    }
    weir::app again{id, o};
    const auto table = follow(again);
    running r{again};
    std::size_t right = 0;
    CHECK(until([&] {
        right = 0;
        auto all = again.ask([&] {
            table.each([&](auto&, auto& v) { right += v == large + "++"; });
            return right;
        });
        try {
            return all.get() == keys;
        } catch (const weir::error&) { return false; }  // it is being restored
    }));
    CHECK(r.stop() == "");
}

TEST_CASE("kafka: an app whose broker is gone stops all the same, and commits nothing more") {
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    {
        admin on;
        on.create(in, 1);
        on.create(out, 1);
        on.fill(in, 100);
    }
    auto o = on_kafka(seen);
    o.commit_interval = 1h;
    o.shutdown_timeout = 2s;
    weir::app app{id, o};
    copy(app, in, out, seen);
    const auto begun = [&] {
        running r{app};
        REQUIRE(until([&] { return seen.size() >= 100; }));
        broker("kill");
        const auto now = std::chrono::steady_clock::now();
        r.stop();
        return now;
    }();
    CHECK(std::chrono::steady_clock::now() - begun < 20s);  // 2 s, and 3 to leave
    broker("start");
    admin on;
    CHECK(on.committed(id, in) == std::vector<weir::offset>{-1});
}

TEST_CASE("kafka: a topic that is deleted while it is read is named, and the others go on") {
    admin on;
    noted seen;
    const auto gone = fresh("gone"), stays = fresh("stays");
    on.create(gone, 2);
    on.create(stays, 2);
    on.fill(gone, 10);
    on.fill(stays, 10);
    auto o = on_kafka(seen);
    o.kafka.emplace_back("topic.metadata.refresh.interval.ms", "500");
    weir::app app{fresh("app"), o};
    for (auto& t : {gone, stays})
        app.agent(t, app.topic<std::string>(t) | weir::for_each([&](auto& v) { seen.add(v); }));
    running r{app};
    REQUIRE(until([&] { return seen.size() == 20; }));
    on.remove(gone);
    CHECK(until([&] { return seen.said("topic '" + gone + "'"); }));
    on.fill(stays, 10, 10);
    CHECK(until([&] { return seen.size() == 30; }));
    CHECK(r.stop() == "");
}

TEST_CASE("kafka: a topic that is deleted and made anew is read from its beginning, and "
          "committed") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    auto o = on_kafka(seen);
    o.commit_interval = 200ms;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
    running run{app};
    on.fill(in, 50);
    on.flush();
    REQUIRE(until([&] { return seen.size() == 50; }));
    REQUIRE(until([&] { return on.committed(id, in)[0] == 50; }));
    on.remove(in);
    on.create(in, 1);
    on.fill(in, 5, 100);
    on.flush();
    REQUIRE(until([&] { return seen.size() == 55; }));
    CHECK(until([&] { return on.committed(id, in)[0] == 5; }));
    CHECK(run.stop() == "");
}
