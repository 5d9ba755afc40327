// SPDX-License-Identifier: Apache-2.0
// The topics that weir makes, on a broker that deletes old messages: it looks for them every half a
// second.
#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include <transport/kafka/kafka.hpp>

#include "../cli/captured.hpp"
#include "running.hpp"

using namespace std::chrono_literals;
using namespace tests;
using offsets = std::vector<weir::offset>;

namespace {

weir::timestamp days_ago(int n) {
    return std::chrono::time_point_cast<weir::timestamp::duration>(
        std::chrono::system_clock::now() - std::chrono::hours{24 * n});
}
/// Waits until the broker has looked at all topics twice, and deleted what is too old.
void deletes_old(admin& on) {
    for (int i = 0; i < 2; ++i) {
        const auto t = fresh("old");
        on.create(t, 1);
        on.send_at(days_ago(30), t, "old");
        on.flush();
        REQUIRE(until([&] { return on.begins(t) == offsets{1}; }));
    }
}
int number(const std::string& v) { return std::stoi(v); }

}  // namespace

TEST_CASE("kafka: what group_by and through have not read yet is not deleted, however old it is") {
    constexpr int n = 200;
    admin on;
    const auto in = fresh("in"), id = fresh("app"), via = fresh("via"), dead = fresh("dead");
    on.create(in, 1, {{"retention.ms", "-1"}});
    const auto then = days_ago(30);
    for (int i = 0; i < n; ++i) on.send_at(then, in, std::to_string(i));
    on.flush();
    const auto between = id + "-a-last-repartition";

    const auto run = [&](noted& seen, bool stands_still, auto done) {
        weir::app app{id, on_kafka(seen)};
        auto from = app.topic<std::string>(in);
        const auto note = [&](const std::string& what) {
            return [&seen, what, stands_still](auto& e) {
                if (stands_still) throw std::runtime_error{"not now"};
                seen.add(what + ' ' + e.value() + ' ' +
                         std::to_string(e.timestamp().time_since_epoch().count()));
            };
        };
        const weir::agent_options waits{.on_error = weir::retry(1'000'000, 1h)};
        app.agent("a",
                  from | weir::group_by([](auto& v) { return v.back(); }, {.name = "last"}) |
                      weir::events() | weir::for_each(note("grouped")),
                  waits);
        app.agent("b", from | weir::through(via) | weir::events() | weir::for_each(note("via")),
                  waits);
        app.agent("c", from | weir::filter([](auto& v) {
                           return number(v) < 10;
                       }) | weir::for_each([](auto&) { throw std::runtime_error{"dead"}; }),
                  {.on_error = weir::dead_letter(dead)});
        running r{app};
        CHECK(until(done));
        CHECK(r.stop() == "");
    };
    noted first, second;
    run(first, true,
        [&] { return on.committed(id, in) == offsets{n} && on.ends(between) == offsets{n}; });
    CHECK(first.size() == 0);
    deletes_old(on);
    for (auto& t : {between, via, dead}) {
        CAPTURE(t);
        CHECK(on.begins(t) == offsets{0});
    }
    run(second, false, [&] { return second.size() >= 2 * n; });
    auto all = second.all();
    std::sort(all.begin(), all.end());
    std::vector<std::string> expected;
    for (int i = 0; i < n; ++i)
        for (auto* what : {"grouped ", "via "})
            expected.push_back(what + std::to_string(i) + ' ' +
                               std::to_string(then.time_since_epoch().count()));
    std::sort(expected.begin(), expected.end());
    CHECK(all == expected);
    CHECK_FALSE(second.said("weir needs"));
}

TEST_CASE("kafka: an internal topic with the broker's own settings is told, and used") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    const auto between = id + "-a-by-repartition";
    on.create(in, 1);
    on.create(between, 1, {{"message.timestamp.type", "LogAppendTime"}});
    on.fill(in, 3);
    weir::app app{id, on_kafka(seen)};
    app.agent("a", app.topic<std::string>(in) |
                       weir::group_by([](auto& v) { return v; }, {.name = "by"}) |
                       weir::for_each([&](auto& v) { seen.add(v); }));
    running r{app};
    CHECK(until([&] { return seen.size() == 3; }));
    CHECK(r.stop() == "");
    CHECK(seen.times_said("weir needs") == 1);
    CHECK(seen.said("topic '" + between +
                    "' has message.timestamp.type=LogAppendTime,retention.ms=604800000 where weir "
                    "needs message.timestamp.type=CreateTime,retention.ms=-1"));
}

TEST_CASE("kafka: that the settings of topics may not be seen is told once, and harms nothing") {
    admin on;
    noted seen;
    const auto id = fresh("app"), in = id + "-in", via = id + "-via", dead = id + "-dead";
    for (auto& t : {in, via}) on.create(t, 1);
    on.fill(in, 3);
    on.allow_all_but_settings("stranger", id);
    auto o = on_kafka(seen);
    o.broker = "kafka://" + login_server();
    o.kafka.insert(o.kafka.end(), {{"security.protocol", "sasl_plaintext"},
                                   {"sasl.mechanisms", "PLAIN"},
                                   {"sasl.username", "stranger"},
                                   {"sasl.password", "secret"}});
    weir::app app{id, o};
    app.agent("a",
              app.topic<std::string>(in) | weir::through(via) |
                  weir::group_by([](auto& v) { return v; }, {.name = "by"}) |
                  weir::for_each([&](auto& v) { seen.add(v); }),
              {.on_error = weir::dead_letter(dead)});
    running r{app};
    CHECK(until([&] { return seen.size() == 3; }));
    CHECK(r.stop() == "");
    CHECK(seen.times_said("are not known: Kafka: ") == 1);
    CHECK(seen.said("give this user the right DescribeConfigs"));
}

TEST_CASE("kafka: prog send makes a missing topic as a run would") {
    admin on;
    noted seen;
    const auto in = fresh("in"), dead = fresh("dead"), id = fresh("app");
    const auto between = id + "-a-by-repartition";
    on.create(in, 3);
    auto o = on_kafka(seen);
    o.shutdown_timeout = weir::duration::max();  // how long `send` waits, at the most
    weir::app app{id, o};
    app.agent("a",
              app.topic<std::string>(in) |
                  weir::group_by([](auto& v) { return v; }, {.name = "by"}) |
                  weir::for_each([](auto&) {}),
              {.on_error = weir::dead_letter(dead)});
    for (auto& [topic, key] : {std::pair{dead, "k"}, std::pair{between, "k"}}) {
        const auto said = run(app, {"send", topic.c_str(), "v", "--key", key});
        CAPTURE(said.err);
        REQUIRE(said.code == weir::exit_code::ok);
        CHECK(on.ends(topic).size() == 3);
        const auto asks = weir::transport::kafka::connect({servers(), fresh("g"), {}});
        const auto settings = asks->configs({&topic, 1}).at(0);
        CHECK(settings.at("retention.ms") == "-1");
        CHECK(settings.at("message.timestamp.type") == "CreateTime");
        // dead letters may be made of what is in the internal topic
        CHECK(settings.at("max.message.bytes") == (topic == dead ? "4225072" : "2107416"));
    }
}

TEST_CASE("kafka: what is committed of an internal topic is deleted") {
    constexpr int n = 6000;
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, n);
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) |
                       weir::group_by([](auto& v) { return v; }, {.name = "by"}) |
                       weir::for_each([](auto&) {}));
    running r{app};
    CHECK(until([&] {
        const auto all = on.begins(id + "-a-by-repartition");
        return all.size() == 1 && all[0] >= 5000;
    }));
    CHECK(r.stop() == "");
    CHECK(on.begins(in) == offsets{0});
    CHECK_FALSE(seen.said("cannot be deleted"));
}

TEST_CASE("kafka: that an internal topic's messages cannot be deleted is told once, and harms "
          "nothing") {
    constexpr int n = 6000;
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, n);
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) |
                       weir::group_by([](auto& v) { return v; },
                                      {.name = "by", .config = {{"cleanup.policy", "compact"}}}) |
                       weir::for_each([&](auto&) { seen.add(""); }));
    running r{app};
    CHECK(until([&] { return seen.said("cannot be deleted"); }));
    CHECK(until([&] { return seen.size() == n; }));
    CHECK(r.stop() == "");
    CHECK(on.committed(id, id + "-a-by-repartition") == offsets{n});
}
