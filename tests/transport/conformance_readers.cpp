// SPDX-License-Identifier: Apache-2.0
// What every transport does, third part: partitions that are read without the group.
#include <weir/error.hpp>

#include "conformance.hpp"

namespace weir::transport::conformance {
namespace {

using strings = std::vector<std::string>;

/// Sends values "from" to "to - 1" to a partition, and waits for their reports.
void fill(backend& on, client& by, const topic_partition& tp, int from, int to) {
    const auto before = by.delivered_.size();
    for (int i = from; i < to; ++i) {
        const auto value = std::to_string(i);
        REQUIRE(by.send(tp.topic, value, value, tp.partition));
    }
    const auto all = before + static_cast<std::size_t>(to - from);
    REQUIRE(until(on, {&by}, [&] { return by.delivered_.size() == all; }));
}

strings numbers(int from, int to) {
    strings all;
    for (int i = from; i < to; ++i) all.push_back(std::to_string(i));
    return all;
}

}  // namespace

TEST_CASE(
    "transport: a reader reads a partition from an offset on, and knows when it is at its end") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        fill(on, c, {t, 1}, 0, 1000);
        reading all{c, {t, 1}};
        REQUIRE(until(on, {&c}, [&] { return all.to_end(); }));
        CHECK(all.values() == numbers(0, 1000));
        CHECK(all.from->position() == 1000);
        CHECK(all.from->end() == 1000);
        all.from.reset();
        reading rest{c, {t, 1}, 990};
        REQUIRE(until(on, {&c}, [&] { return rest.to_end(); }));
        CHECK(rest.values() == numbers(990, 1000));
        CHECK(rest.got[0].offset == 990);
        CHECK(c.fatal.empty());
    });
}

TEST_CASE("transport: a reader of nothing is at its end, and reads what comes then") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        reading r{c, {t, 0}};
        REQUIRE(until(on, {&c}, [&] { return r.to_end(); }));
        CHECK(r.got.empty());
        CHECK(r.from->position() == 0);
        CHECK(r.from->end() == 0);
        fill(on, c, {t, 0}, 0, 3);
        REQUIRE(until(on, {&c}, [&] { return r.to(3); }));
        CHECK(r.values() == numbers(0, 3));
    });
}

TEST_CASE("transport: a second reader does not take the end that the first one knew for its own") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        auto other = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        fill(on, c, {t, 0}, 0, 10);
        reading first{c, {t, 0}};
        REQUIRE(until(on, {&c}, [&] { return first.to_end(); }));
        first.from.reset();
        fill(on, other, {t, 0}, 10, 20);
        reading second{c, {t, 0}, 10};
        REQUIRE(until(on, {&c}, [&] { return second.to_end(); }));
        CHECK(second.values() == numbers(10, 20));
    });
}

TEST_CASE("transport: a reader that begins before the log does begins there, and tells the gap") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        fill(on, c, {t, 0}, 0, 10);
        const position below{{t, 0}, 6};
        c.to->purge({&below, 1});
        std::optional<offset_range> gap;
        strings seen;
        for (int tries = 0; tries < 50 && !gap; ++tries) {  // until it is purged
            reading r{c, {t, 0}, 4};
            REQUIRE(until(on, {&c}, [&] { return r.to_end(); }));
            seen = r.values();
            gap = r.from->take_lost();
            CHECK_FALSE(r.from->take_lost());
        }
        REQUIRE(gap);
        CHECK(gap->from == 4);
        CHECK(gap->to == 6);
        CHECK(seen == numbers(6, 10));
        reading whole{c, {t, 0}};
        REQUIRE(until(on, {&c}, [&] { return whole.to_end(); }));
        CHECK(whole.values() == numbers(6, 10));
        CHECK_FALSE(whole.from->take_lost());  // it wanted what there is
        CHECK(c.fatal.empty());
        for (auto& line : c.told) CHECK(line.find("reset") == std::string::npos);
    });
}

TEST_CASE(
    "transport: a reader of a log that ends before its offset reads that log from its start") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        fill(on, c, {t, 0}, 0, 5);
        reading r{c, {t, 0}, 100};
        REQUIRE(until(on, {&c}, [&] { return r.to_end() && !r.got.empty(); }));
        CHECK(r.values() == numbers(0, 5));
        CHECK(r.from->position() == 5);
    });
}

TEST_CASE(
    "transport: compaction leaves the last message of each key and its offset; readers pass") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = on.fresh("t");
        c.to->create({.name = t,
                      .partitions = 1,
                      .config = {{"cleanup.policy", "compact"},
                                 {"min.cleanable.dirty.ratio", "0.01"},
                                 {"segment.bytes", "1000"}}});  // Kafka leaves the last one
        const auto all_arrived = [&] {
            return c.delivered_.size() == c.tokens && !c.delivered_.back().second.failed;
        };
        for (auto* v : {"1", "2", "3"})
            for (auto* k : {"a", "b"}) REQUIRE(c.send(t, k, v));
        REQUIRE(c.send(t, "b", {}));
        REQUIRE(until(on, {&c}, all_arrived));
        for (int i = 0; i < 100; ++i) {
            REQUIRE(c.send(t, "last", std::to_string(i)));
            if (i % 10 == 9) REQUIRE(until(on, {&c}, all_arrived));  // a batch fits into a segment
        }
        on.compact(t);
        std::vector<std::pair<offset, std::string>> head;
        const auto is_compacted = [&] {
            reading r{c, {t, 0}};
            REQUIRE(until(on, {&c}, [&] { return r.to_end(); }));
            CHECK(r.from->position() == 107);
            CHECK_FALSE(r.from->take_lost());
            REQUIRE(!r.got.empty());
            CHECK(r.values().back() == "99");
            head.clear();
            for (auto& m : r.got)
                if (m.offset < 7) head.emplace_back(m.offset, m.value.view());
            return head.size() == 2;
        };
        REQUIRE(until(on, {&c}, is_compacted));
        CHECK(head == std::vector<std::pair<offset, std::string>>{{4, "3"}, {6, ""}});
        CHECK(c.fatal.empty());
    });
}

TEST_CASE("transport: several readers read at once, and the group's member notices nothing") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 4);
        c.subscribe({{t}});
        REQUIRE(until(on, {&c}, [&] { return c.partitions.size() == 4; }));
        for (partition_id p = 0; p < 4; ++p) fill(on, c, {t, p}, 0, 50);
        std::vector<std::unique_ptr<reading>> all;
        for (partition_id p = 0; p < 4; ++p)
            all.push_back(std::make_unique<reading>(c, topic_partition{t, p}));
        for (auto& r : all) REQUIRE(until(on, {&c}, [&] { return r->to_end(); }));
        for (auto& r : all) CHECK(r->values() == numbers(0, 50));
        all.erase(all.begin());
        for (partition_id p = 0; p < 4; ++p) fill(on, c, {t, p}, 50, 60);
        for (auto& r : all) REQUIRE(until(on, {&c}, [&] { return r->to(60); }));
        REQUIRE(until(on, {&c}, [&] { return c.got.size() == 240; }));
        c.commit({t, 0}, 60);
        REQUIRE(until(on, {&c}, [&] { return !c.results.empty(); }));
        CHECK(c.results[0].error == commit_error::none);
        CHECK(c.revoked_.empty());
        CHECK(c.lost_.empty());
    });
}

TEST_CASE(
    "transport: a partition has one reader at a time, and the next one begins where it says") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        fill(on, c, {t, 0}, 0, 20);
        for (int n = 0; n < 5; ++n) {
            reading r{c, {t, 0}, n};
            CHECK_THROWS_WITH_AS(c.to->reader({t, 0}, 0), doctest::Contains("has a reader already"),
                                 error);
            if (n == 2) continue;  // it is destroyed before it has read anything
            REQUIRE(until(on, {&c}, [&] { return r.to_end(); }));
            CHECK(r.values() == numbers(n, 20));
        }
    });
}

TEST_CASE("transport: a reader and what it has read may outlive the transport") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        fill(on, c, {t, 0}, 0, 3);
        auto from = c.to->reader({t, 0}, 0);
        std::unique_ptr<fetch> kept;
        REQUIRE(until(on, {&c}, [&] { return (kept = from->read(1, nullptr)) != nullptr; }));
        c.leave();
        CHECK_FALSE(from->read(1, nullptr));
        CHECK(kept->messages()[0].value == bytes_view{"0"});
    });
}

TEST_CASE("transport: a reader of a partition that does not exist ends the run with a sentence") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1), none = on.fresh("none");
        for (const auto& tp : {topic_partition{t, 7}, topic_partition{none, 0}}) {
            CAPTURE(tp);
            c.fatal.clear();
            const auto r = c.to->reader(tp, 0);
            REQUIRE(until(on, {&c}, [&] { return r->read(1, nullptr), !c.fatal.empty(); }));
            CHECK(c.fatal[0].find(tp.topic) != std::string::npos);
            CHECK_FALSE(r->end());
        }
    });
}

TEST_CASE("transport: a delivery tells the offset that the message has got") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 2);
        fill(on, c, {t, 1}, 0, 3);
        fill(on, c, {t, 0}, 0, 1);
        REQUIRE(c.send(t, "k", std::string(3 << 20, 'x'), 0));
        REQUIRE(until(on, {&c}, [&] { return c.delivered_.size() == 5; }));
        std::vector<std::optional<offset>> got;
        for (const auto& [token, d] : c.delivered_) got.push_back(d.offset);
        CHECK(got == std::vector<std::optional<offset>>{0, 1, 2, 0, std::nullopt});
    });
}

TEST_CASE(
    "transport: one header is found by its name, the last of several, and null is no absence") {
    on_each([](backend& on) {
        auto c = member(on, on.fresh("g"));
        const auto t = topic(on, c, 1);
        const headers h{
            {"a", bytes{"1"}}, {"none", std::nullopt}, {"a", bytes{"2"}}, {"", bytes{""}}};
        c.to->send({.topic = c.to->open(t), .key = "k", .value = "v", .headers = &h}, 0);
        c.to->send({.topic = c.to->open(t), .key = "k", .value = "v"}, 0);
        const auto from = c.to->reader({t, 0}, 0);
        std::unique_ptr<fetch> one;
        const auto next = [&] { return (one = from->read(1, nullptr)) != nullptr; };
        REQUIRE(until(on, {&c}, next));
        CHECK(one->header_of(0, "a") == bytes_view{"2"});
        REQUIRE(one->header_of(0, "none"));
        CHECK(one->header_of(0, "none")->is_null());
        CHECK(one->header_of(0, "") == bytes_view{""});
        CHECK_FALSE(one->header_of(0, "b"));
        CHECK_FALSE(one->header_of(0, std::string_view{"none of it"}.substr(0, 3)));
        REQUIRE(until(on, {&c}, next));
        CHECK_FALSE(one->header_of(0, "a"));
    });
}

}  // namespace weir::transport::conformance
