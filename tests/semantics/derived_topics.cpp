// SPDX-License-Identifier: Apache-2.0
// The topics that weir makes: their settings, and what is deleted of them.
#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "driven.hpp"

namespace {

using weir::transport::memory_broker;
using config = weir::transport::topic_config;

const config only_times{{"message.timestamp.type", "CreateTime"}};
const config kept_for_ever{{"cleanup.policy", "delete"},
                           {"max.message.bytes", "2107416"},  // of a source with 1048588
                           {"message.timestamp.type", "CreateTime"},
                           {"retention.bytes", "-1"},
                           {"retention.ms", "-1"}};
const std::string between = "shop-totals-by-repartition";
const auto itself = [](int i) { return i; };

/// An app on a broker that the test can ask.
struct shop {
    std::shared_ptr<memory_broker> broker;
    silent hooks{};
    weir::app app;

    explicit shop(weir::app_options o = {})
        : broker(memory_broker::named("derived", o.memory)), app{"shop", with(std::move(o))} {}
    weir::app_options with(weir::app_options o) {
        o.broker = "memory://derived";
        o.hooks = &hooks;
        return o;
    }
    std::size_t said(const std::string& part) const {
        return std::size_t(std::count_if(hooks.lines.begin(), hooks.lines.end(), [&](auto& l) {
            return l.find(part) != std::string::npos;
        }));
    }
};

/// Groups numbers by themselves, in one partition.
struct grouped : shop {
    weir::topic<int> in = app.topic<int>("in", {.partitions = 1});
    int seen = 0;
    test_driver test;

    explicit grouped(weir::app_options o = {}) : shop(std::move(o)), test(added()) {}
    weir::app& added() {
        app.agent("totals",
                  in | weir::group_by(itself, "by") | weir::for_each([this](int) { ++seen; }));
        return app;
    }
    void send(int n) {
        for (int i = 0; i < n; ++i) test.append(in, std::nullopt, i);
        test.run();
    }
    std::size_t kept(const std::string& topic = between) { return broker->dump(topic).size(); }
};

}  // namespace

TEST_CASE("semantics 38: an internal topic is made so that nothing is deleted before it is read") {
    shop s;
    s.app.agent("totals",
                s.app.topic<int>("in") | weir::group_by(itself, "by") | weir::for_each([](int) {}));
    test_driver test{s.app};
    CHECK(s.broker->config(between) == kept_for_ever);
    CHECK(s.broker->config("in") == only_times);
}

TEST_CASE("semantics 38: the settings of an internal topic are the user's where he gives them") {
    shop s;
    s.app.agent("totals", s.app.topic<int>("in") |
                              weir::group_by(itself, {.name = "by",
                                                      .config = {{"retention.ms", "86400000"},
                                                                 {"segment.bytes", "1000000"}}}) |
                              weir::for_each([](int) {}));
    test_driver test{s.app};
    auto expected = kept_for_ever;
    expected["retention.ms"] = "86400000";
    expected["segment.bytes"] = "1000000";
    CHECK(s.broker->config(between) == expected);
}

TEST_CASE("semantics 41: a topic that a pipeline goes on from keeps its messages, one that is only "
          "sent to does not") {
    shop s;
    auto in = s.app.topic<int>("in");
    auto declared = s.app.topic<int>("declared", {.config = {{"retention.ms", "1000"}}});
    s.app.agent("a", in | weir::through("through") | weir::echo("echo") | weir::to("to"));
    s.app.agent("b", in | weir::through(declared) | weir::through("end"));
    test_driver test{s.app};
    CHECK(s.broker->config("through") == kept_for_ever);
    for (auto* t : {"echo", "to", "end"}) CHECK(s.broker->config(t) == only_times);
    auto own = kept_for_ever;
    own["retention.ms"] = "1000";
    CHECK(s.broker->config("declared") == own);
}

TEST_CASE("semantics 41: a topic that a stream goes on from keeps its messages") {
    shop s;
    auto in = s.app.topic<int>("in");
    test_driver test{s.app};
    test.append(in, std::nullopt, 1);
    for (int i : s.app.stream(in | weir::through("pulled"))) {
        CHECK(i == 1);
        break;
    }
    CHECK(s.broker->config("pulled") == kept_for_ever);
}

TEST_CASE("a dead letter is the last copy: its topic keeps it") {
    shop s{{.on_decode_error = weir::dead_letter("undecodable"),
            .on_produce_error = weir::dead_letter("unsent")}};
    s.app.agent("a", s.app.topic<int>("in") | weir::to("out"),
                {.on_error = weir::dead_letter("failed")});
    test_driver test{s.app};
    for (auto* t : {"undecodable", "unsent", "failed"}) CHECK(s.broker->config(t) == kept_for_ever);
}

TEST_CASE("what was read fits the topics that weir makes, with another key and our headers") {
    shop s;
    const auto large = [](const char* most) {
        return weir::topic_options{.config = {{"max.message.bytes", most}}};
    };
    auto normal = s.app.topic<std::string>("normal");
    auto in = s.app.topic<std::string>("in", large("2000000"));
    s.app.topic<std::string>("matched-small", large("1000"));
    s.app.topic<std::string>("matched-large", large("3000000"));
    int grouped = 0, passed = 0;
    const auto whole = [](const std::string& v) { return v; };
    const auto add = [&](const std::string& name, auto from) {
        s.app.agent(name, from | weir::group_by(whole, "value") | weir::through(name + "-via") |
                              weir::for_each([&](auto&) { ++passed; }));
        s.app.agent(name + "-dies",
                    from | weir::group_by(whole, "value") | weir::for_each([&](auto&) {
                        ++grouped;
                        throw std::runtime_error{"no"};
                    }),
                    {.on_error = weir::dead_letter(name + "-dead")});
    };
    add("a", normal);
    add("b", in);
    add("c", s.app.topics<std::string>("^matched-"));
    test_driver test{s.app};
    for (auto& [name, size] :
         {std::pair{"normal", 1048588U}, {"in", 2000000U}, {"matched-large", 3000000U}}) {
        test.send(test.peek<std::string, std::string>(name), "k", std::string(size - 76, 'x'));
        CAPTURE(name);
        CHECK(test.running());
    }
    CHECK(grouped == 3);
    CHECK(passed == 3);
    for (auto& [name, limit] : {std::pair{"a", "2107416"}, {"b", "4010240"}, {"c", "6010240"}}) {
        const auto n = std::string{name};
        CHECK(s.broker->config("shop-" + n + "-value-repartition").at("max.message.bytes") ==
              limit);
        const auto dead = test.events(test.peek<weir::bytes, weir::bytes>(n + "-dead"));
        REQUIRE(dead.size() == 1);
        CHECK(dead[0].headers().back().name == "weir.error");
    }
}

TEST_CASE("the largest message of a derived topic is the user's where he says it, and never more "
          "than is sent at all") {
    shop s;
    auto huge = s.app.topic<int>("huge", {.config = {{"max.message.bytes", "90000000"}}});
    auto larger = s.app.topic<int>("larger", {.config = {{"max.message.bytes", "200000000"}}});
    const auto add = [&](const char* name, auto from, weir::properties config) {
        s.app.agent(name, from | weir::group_by(itself, {.name = "by", .config = config}) |
                              weir::for_each([](int) {}));
    };
    add("own", huge, {{"max.message.bytes", "7"}});
    add("huge", huge, {});
    add("larger", larger, {});
    test_driver test{s.app};
    const auto limit = [&](const std::string& agent) {
        return s.broker->config("shop-" + agent + "-by-repartition").at("max.message.bytes");
    };
    CHECK(limit("own") == "7");
    CHECK(limit("huge") == "100000000");
    CHECK(limit("larger") == "200000000");
    CHECK(!s.broker->config("huge").contains("retention.ms"));
}

TEST_CASE("topics that are made of one another in a ring are made all the same") {
    shop s;
    s.app.agent("a",
                s.app.topic<int>("one") | weir::through("two") | weir::through("three") |
                    weir::through("one") | weir::for_each([](int) {}),
                {.on_error = weir::dead_letter("dead")});
    test_driver test{s.app};
    for (auto* t : {"one", "two", "three", "dead"}) CHECK(test.partitions(t) == 1);
}

TEST_CASE("an internal topic that exists with other settings is told, once, and used") {
    grouped first;  // makes the topic as it should be
    CHECK(first.said("weir needs") == 0);

    auto broker = memory_broker::named("derived");
    const std::string other = "shop-other-by-repartition";
    broker->create_topic({.name = other,
                          .config = {{"retention.ms", "604800000"},
                                     {"cleanup.policy", "delete"},
                                     {"message.timestamp.type", "LogAppendTime"}}});
    silent hooks;
    weir::app app{"shop", {.broker = "memory://derived", .hooks = &hooks}};
    numbers seen;
    auto in = app.topic<int>("numbers");
    app.agent("other", in | weir::group_by(itself, "by") |
                           weir::for_each([&](int i) { seen.push_back(i); }));
    {
        test_driver test{app};
        test.send(in, 7);
    }
    CHECK(seen == numbers{7});
    REQUIRE(hooks.lines.size() == 1);
    CHECK(hooks.lines[0] ==
          "topic 'shop-other-by-repartition' has message.timestamp.type=LogAppendTime,"
          "retention.ms=604800000 where weir needs message.timestamp.type=CreateTime,"
          "retention.ms=-1: messages can be deleted before they are read, be too large for it, or "
          "get "
          "other timestamps; kafka-configs.sh --alter --entity-type topics --entity-name "
          "shop-other-by-repartition "
          "--add-config message.timestamp.type=CreateTime,retention.ms=-1 changes it");
}

TEST_CASE("a topic that a pipeline goes on from, or one of dead letters, that would not keep its "
          "messages is told") {
    shop s{{.on_produce_error = weir::dead_letter("unsent")}};
    const weir::properties week{{"retention.ms", "604800000"}};
    for (auto* name : {"via", "dead", "unsent", "out", "wanted"})
        s.broker->create_topic({.name = name, .config = week});
    auto in = s.app.topic<int>("in");
    s.app.agent("a", in | weir::through("via") | weir::to("out"),
                {.on_error = weir::dead_letter("dead")});
    s.app.agent("b", in | weir::through(s.app.topic<int>("wanted", {.config = week})) |
                         weir::for_each([](int) {}));
    test_driver test{s.app};
    for (auto* name : {"via", "dead", "unsent"}) {
        CAPTURE(name);
        CHECK(s.said("topic '" + std::string{name} +
                     "' has retention.ms=604800000 where weir needs retention.ms=-1:") == 1);
    }
    CHECK(s.said("weir needs") == 3);
}

TEST_CASE("a derived topic that is too small for its source's messages is told") {
    shop s;
    const auto large = [](const char* n) { return weir::properties{{"max.message.bytes", n}}; };
    s.broker->create_topic({.name = "in", .config = large("3000000")});
    s.broker->create_topic({.name = "small", .config = large("2999999")});
    s.broker->create_topic({.name = "enough", .config = large("3000000")});
    s.broker->create_topic({.name = "default"});
    s.broker->create_topic({.name = "wanted", .config = large("1000000")});
    auto in = s.app.topic<int>("in");
    for (auto* name : {"small", "enough", "default"})
        s.app.agent(name, in | weir::through(name) | weir::for_each([](int) {}));
    s.app.agent("w", in | weir::through(s.app.topic<int>("wanted", {.config = large("1000000")})) |
                         weir::for_each([](int) {}));
    test_driver test{s.app};
    const std::string needs = " where weir needs max.message.bytes=6010240:";
    CHECK(s.said("'small' has max.message.bytes=2999999" + needs) == 1);
    CHECK(s.said("'default' has max.message.bytes=1048588" + needs) == 1);
    CHECK(s.said("weir needs") == 2);
}

TEST_CASE("what is committed of an internal topic is deleted, at most once in 30 s") {
    grouped g;
    g.send(6000);
    CHECK(g.kept() == 6000);
    g.test.commit();
    CHECK(g.kept() == 0);
    g.send(6000);
    g.test.commit();
    CHECK(g.kept() == 6000);
    g.test.advance(30s);
    g.send(1);
    g.test.commit();
    CHECK(g.kept() == 0);
    CHECK(g.seen == 12'001);
    CHECK(g.kept("in") == 12'001);  // the user's
}

TEST_CASE("a few committed messages of an internal topic are not worth deleting") {
    grouped g;
    g.send(4000);
    g.test.commit();
    g.test.advance(1min);
    CHECK(g.kept() == 4000);
    g.send(2000);
    g.test.commit();
    CHECK(g.kept() == 0);
}

TEST_CASE("only what is committed of an internal topic is deleted") {
    shop s;
    auto in = s.app.topic<int>("in", {.partitions = 1});
    weir::hold held;
    s.app.agent("totals",
                in | weir::group_by(itself, "by") | weir::events() | weir::for_each([&](auto& e) {
                    if (e.value() == 5500) held = e.hold();
                }));
    test_driver test{s.app};
    for (int i = 0; i < 6000; ++i) test.append(in, std::nullopt, i);
    test.run();
    test.commit();
    const auto kept = s.broker->dump(between);
    REQUIRE(kept.size() == 500);
    CHECK(kept[0].offset == 5500);
}

TEST_CASE("nothing is deleted of an internal topic that the user has declared, or if he says so") {
    {
        grouped g{{.purge_internal = false}};
        g.send(6000);
        g.test.commit();
        CHECK(g.kept() == 6000);
    }
    shop s;
    auto in = s.app.topic<int>("in", {.partitions = 1});
    s.app.topic<int, int>(between, {.partitions = 1});
    s.app.agent("totals", in | weir::group_by(itself, "by") | weir::for_each([](int) {}));
    s.app.agent("a", in | weir::through("through") | weir::for_each([](int) {}));
    test_driver test{s.app};
    for (int i = 0; i < 6000; ++i) test.append(in, std::nullopt, i);
    test.run();
    test.commit();
    for (auto& t : {between, std::string{"through"}}) CHECK(s.broker->dump(t).size() == 6000);
    CHECK(s.broker->config(between) == kept_for_ever);
}

TEST_CASE("an internal topic that is full has room again when what is committed is deleted") {
    grouped g{{.memory = {.retention_bytes = 512 << 10}}};
    const auto reads_slowly = weir::transport::connect(g.broker, "slow");
    const weir::transport::subscription one{between};
    reads_slowly->subscribe({&one, 1});  // a group that never commits
    for (int i = 0; i < 20; ++i) {
        g.send(1000);
        g.test.commit();
        g.test.advance(30s);
    }
    CHECK(g.seen == 20'000);
}
