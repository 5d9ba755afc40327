// SPDX-License-Identifier: Apache-2.0
// What every transport does, first half: topics, sending, reading.
#include "conformance.hpp"

#include <algorithm>

namespace weir::transport::conformance {

TEST_CASE("transport: a topic that does not exist has no partitions, a created one has its own") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        CHECK_FALSE(c.to->partitions(on.fresh("t")).has_value());
        const auto t = topic(on, c, 3);
        CHECK(c.to->partitions(t) == 3);
        const auto all = c.to->topics();
        CHECK(std::count(all.begin(), all.end(), t) == 1);
    });
}

TEST_CASE("transport: creating a topic that exists is success and changes nothing") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        c.to->create({.name = t, .partitions = 5});
        CHECK(c.to->partitions(t) == 2);
    });
}

TEST_CASE("transport: a topic's settings are those that it was created with") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto a = on.fresh("t"), b = on.fresh("t");
        c.to->create({.name = a, .partitions = 1, .config = {{"retention.ms", "1000"}}});
        c.to->create({.name = b,
                      .partitions = 1,
                      .config = {{"retention.ms", "2000"}, {"cleanup.policy", "compact"}}});
        const std::string names[] = {b, on.fresh("none"), a, b};
        const auto all = c.to->configs(names);
        REQUIRE(all.size() == 4);
        CHECK(all[3] == all[0]);
        CHECK(all[0].at("retention.ms") == "2000");
        CHECK(all[0].at("cleanup.policy") == "compact");
        CHECK(all[1].empty());
        CHECK(all[2].at("retention.ms") == "1000");
    });
}

TEST_CASE("transport: what is purged is gone for everybody, the rest is not, and sending goes on") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        for (auto* v : {"0", "1", "2", "3", "4"})
            for (partition_id p = 0; p < 2; ++p) c.send(t, "k", v, p);
        REQUIRE(until(on, {&c}, [&] { return c.delivered_.size() == 10; }));
        const position below[] = {{{t, 0}, 3}, {{t, 1}, 5}};
        c.to->purge(below);
        c.send(t, "k", "5", 0);
        c.send(t, "k", "5", 1);
        std::vector<std::string> seen;
        for (int tries = 0; tries < 30 && seen.size() != 4; ++tries) {  // until it is done
            auto next = member(on, on.fresh("g"));
            next.subscribe({{t}});
            const auto all_read = [&] {
                return std::count(seen.begin(), seen.end(), "5") == 2 ||
                       (seen = next.values(), std::count(seen.begin(), seen.end(), "5") == 2);
            };
            seen.clear();
            REQUIRE(until(on, {&c, &next}, all_read));
        }
        std::sort(seen.begin(), seen.end());
        CHECK(seen == std::vector<std::string>{"3", "4", "5", "5"});
    });
}

TEST_CASE("transport: a topic opened twice has one id, two topics have two") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto a = topic(on, c, 1), b = topic(on, c, 1);
        CHECK(c.to->open(a) == c.to->open(a));
        CHECK(c.to->open(a) != c.to->open(b));
    });
}

TEST_CASE("transport: what was sent is read, with key, value, headers and timestamp") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        const headers h{{"a", bytes{"1"}}, {"b", std::nullopt}, {"a", bytes{""}}};
        const timestamp when{std::chrono::milliseconds{1'700'000'000'123}};
        const auto id = c.to->open(t);
        c.to->send({.topic = id, .key = "k", .value = "v", .headers = &h, .timestamp = when}, 0);
        c.to->send({.topic = id, .key = "k", .value = "w", .timestamp = when}, 1);
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 2; }));
        CHECK(c.got[0] == received{{t, 0}, 0, "k", "v", h, when});
        CHECK(c.got[1] == received{{t, 0}, 1, "k", "w", {}, when});
    });
}

TEST_CASE("transport: a message has its headers, or none, whatever is in it") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        const headers one{{"h", bytes{"1"}}}, many(300, {"", std::nullopt});
        std::vector<bytes> values{bytes{}};
        // The number of bytes that its size takes in a record changes at 64, 8192 and 1 M.
        for (const std::size_t size : {0, 1, 63, 64, 8191, 8192, 100'000})
            values.emplace_back(std::string(size, '\0'));
        std::vector<received> sent;
        for (auto& v : values)
            for (const auto* h : {static_cast<const headers*>(nullptr), &one, &many}) {
                const timestamp when{std::chrono::milliseconds{1}};
                const auto at = static_cast<offset>(sent.size());
                sent.push_back({{t, 0}, at, "k", v, h ? *h : headers{}, when});
                c.to->send({c.to->open(t), 0, "k", v, h, when}, 0);
            }
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == sent.size(); }));
        for (std::size_t i = 0; i < sent.size(); ++i) CHECK_MESSAGE((c.got[i] == sent[i]), i);
    });
}

TEST_CASE("transport: a timestamp below zero is read as it was sent") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        std::vector<timestamp> sent, read;
        for (const int ms : {-86'400'000, -1, 1}) {
            sent.push_back(timestamp{std::chrono::milliseconds{ms}});
            c.to->send({.topic = c.to->open(t), .value = "v", .timestamp = sent.back()}, 0);
        }
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == sent.size(); }));
        for (auto& m : c.got) read.push_back(m.timestamp);
        CHECK(read == sent);
    });
}

TEST_CASE("transport: a timestamp of zero is read as one of 1970, not of now") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        c.to->send({.topic = c.to->open(t), .value = "v"}, 0);
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 1; }));
        const auto ms = c.got[0].timestamp.time_since_epoch().count();
        CHECK(ms == (on.name() == "kafka" ? 1 : 0));  // librdkafka takes 0 for now
    });
}

TEST_CASE("transport: null is told from empty, in keys and in values") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        c.send(t, {}, "");
        c.send(t, "", {});
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 2; }));
        CHECK(c.got[0].key.is_null());
        CHECK(c.got[0].value == bytes{""});
        CHECK(c.got[1].key == bytes{""});
        CHECK(c.got[1].value.is_null());
    });
}

TEST_CASE("transport: a report is told by poll, once for each message, in the order of sending") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        for (int i = 0; i < 100; ++i) REQUIRE(c.send(t, "k", "v"));
        CHECK(c.delivered_.empty());
        REQUIRE(until(on, {&c}, [&] { return c.delivered_.size() >= 100; }));
        for (std::uint64_t i = 0; i < 100; ++i) {
            CHECK(c.delivered_[i].first == i);
            CHECK_FALSE(c.delivered_[i].second.failed);
        }
    });
}

TEST_CASE("transport: close tells the reports that are still to come") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        for (int i = 0; i < 10; ++i) REQUIRE(c.send(t, "k", "v"));
        c.leave();
        CHECK(c.delivered_.size() == 10);
    });
}

TEST_CASE("transport: a partition that does not exist fails the delivery with a sentence") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        REQUIRE(c.send(t, "k", "v", 7));
        REQUIRE(until(on, {&c}, [&] { return !c.delivered_.empty(); }));
        CHECK(c.delivered_[0].second.failed);
        CHECK_FALSE(c.delivered_[0].second.text.empty());
    });
}

TEST_CASE("transport: a message that is too large fails its delivery and no other") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        REQUIRE(c.send(t, "k", std::string(3 << 20, 'x')));
        REQUIRE(c.send(t, "k", "small"));
        REQUIRE(until(on, {&c}, [&] { return c.delivered_.size() == 2; }));
        for (const auto& [token, d] : c.delivered_) CHECK(d.failed == (token == 0));
    });
}

TEST_CASE("transport: a message may be as large as Kafka's default allows, and no byte larger") {
    constexpr std::size_t limit = 1'048'588, around = 73;  // of a batch with one record, key "k"
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        const std::string largest(limit - around, 'x');
        REQUIRE(c.send(t, "k", largest));
        REQUIRE(c.send(t, "k", largest + 'x'));
        const headers h{{"name", bytes{"value"}}, {"null", std::nullopt}};
        constexpr std::size_t of_headers = 17;
        const record with{.topic = c.to->open(t), .key = "k", .headers = &h};
        auto r = with;
        const std::string fits(limit - around - of_headers, 'x'), does_not = fits + 'x';
        r.value = fits;
        REQUIRE(c.to->send(r, c.tokens++));
        r.value = does_not;
        REQUIRE(c.to->send(r, c.tokens++));
        REQUIRE(until(on, {&c}, [&] { return c.delivered_.size() == 4; }));
        for (const auto& [token, d] : c.delivered_) {
            CHECK(d.failed == (token % 2 == 1));
            CHECK(d.too_large == d.failed);
        }
    });
}

TEST_CASE("transport: keys choose the partition as Kafka's own clients do") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        c.send(t, "k1", "by key");
        c.send(t, "k1", "by hand", 0);
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 2; }));
        for (const auto& m : c.got) CHECK(m.tp.partition == (m.value.view() == "by key"));
    });
}

TEST_CASE("transport: a partition is read in order and without gaps, however few at a time") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        c.most = 7;
        const auto t = topic(on, c, 1);
        for (int i = 0; i < 1000; ++i) REQUIRE(c.send(t, "k", std::to_string(i)));
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 1000; }));
        for (int i = 0; i < 1000; ++i) {
            const auto& m = c.got[static_cast<std::size_t>(i)];
            REQUIRE(m.offset == i);
            REQUIRE(m.value.view() == std::to_string(i));
        }
    });
}

TEST_CASE("transport: what a read brought outlives its assignment") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto c = member(on, g);
        const auto t = topic(on, c, 1);
        c.send(t, "key", "value");
        c.reads = false;
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.owns({t, 0}); }));
        std::unique_ptr<fetch> kept;
        auto& from = *c.partitions[{t, 0}];
        REQUIRE(until(on, {&c}, [&] { return (kept = from.read(10, nullptr)) != nullptr; }));
        c.release({t, 0});
        c.leave();
        REQUIRE(kept->messages().size() == 1);
        CHECK(kept->messages()[0].key == bytes_view{"key"});
        CHECK(kept->messages()[0].value == bytes_view{"value"});
    });
}

TEST_CASE("transport: what a read brought stays while more is read") {
    on_each([](backend& on) {
        const auto g = on.fresh("g");
        auto c = member(on, g);
        const auto t = topic(on, c, 1);
        for (const char* v : {"a", "b", "c"}) c.send(t, "key", v);
        c.reads = false;
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.owns({t, 0}); }));
        auto& from = *c.partitions[{t, 0}];
        std::vector<std::unique_ptr<fetch>> kept;
        REQUIRE(until(on, {&c}, [&] {
            while (auto one = from.read(1, nullptr)) kept.push_back(std::move(one));
            return kept.size() == 3;
        }));
        c.send(t, "key", "d");
        std::unique_ptr<fetch> again;
        REQUIRE(until(on, {&c}, [&] {
            again = from.read(1, std::move(kept[1]));
            return again != nullptr;
        }));
        CHECK(kept[0]->messages()[0].value == bytes_view{"a"});
        CHECK(kept[2]->messages()[0].value == bytes_view{"c"});
        CHECK(again->messages()[0].value == bytes_view{"d"});
        again.reset();
        kept.clear();
        c.release({t, 0});
        c.leave();
    });
}

}  // namespace weir::transport::conformance
