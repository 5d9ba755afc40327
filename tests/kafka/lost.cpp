// SPDX-License-Identifier: Apache-2.0
// What the broker deletes before it was read.
#include <doctest/doctest.h>

#include <atomic>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

using offsets = std::vector<weir::offset>;

void read(weir::app& app, const std::string& in, noted& seen) {
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) { seen.add(v); }));
}

/// A topic of 200 messages whose first 100 are committed.
struct half_read {
    half_read() {
        on.create(in, 1);
        on.fill(in, 100);
        noted seen;
        weir::app app{id, on_kafka(seen)};
        read(app, in, seen);
        running r{app};
        REQUIRE(until([&] { return seen.size() == 100; }));
        REQUIRE(r.stop() == "");
        REQUIRE(on.committed(id, in) == offsets{100});
        on.fill(in, 100, 100);
    }
    admin on{};
    const std::string in = fresh("in"), id = fresh("app");
};

}  // namespace

TEST_CASE("kafka: a commit whose messages were deleted goes on at the log's start, and says so") {
    for (const auto from : {weir::earliest, weir::latest}) {
        half_read t;
        t.on.delete_records(t.in, 0, 150);
        noted seen;
        auto o = on_kafka(seen);
        o.auto_offset_reset = from;
        weir::app app{t.id, o};
        read(app, t.in, seen);
        running r{app};
        CHECK(until([&] { return seen.size() == 50; }));
        CHECK(r.stop() == "");
        CHECK(seen.all().front() == "150");
        CHECK(seen.said(t.in +
                        "[0]: the offsets from 100 to 149 were deleted before they were read"));
        CHECK(seen.said("librdkafka: "));  // which warns of it
        CHECK(seen.lost() == std::vector<std::string>{t.in + " 100 150"});
        CHECK(app.counters().lost_offsets == 50);
        CHECK(t.on.committed(t.id, t.in) == offsets{200});
    }
}

TEST_CASE("kafka: an app that wants to stops where messages were deleted before it read them") {
    half_read t;
    t.on.delete_records(t.in, 0, 150);
    noted seen;
    auto o = on_kafka(seen);
    o.on_lost_offsets = weir::lost_offsets::stop_app;
    for (int run = 0; run < 2; ++run) {  // the next run stops there again
        weir::app app{t.id, o};
        read(app, t.in, seen);
        running r{app};
        const auto why = r.end();
        CHECK(why.find(t.in + "[0]: the offsets from 100 to 149 were deleted") != why.npos);
        CHECK(t.on.committed(t.id, t.in) == offsets{100});
    }
    CHECK(seen.size() == 0);
}

TEST_CASE("kafka: a log that was deleted as a whole is told, and has no lag") {
    half_read t;
    t.on.delete_records(t.in, 0, 200);
    noted seen;
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{t.id, o};
    read(app, t.in, seen);
    running r{app};
    CHECK(until([&] { return !seen.lost().empty(); }));
    CHECK(until([&] { return t.on.committed(t.id, t.in) == offsets{200}; }));
    CHECK(r.stop() == "");
    CHECK(seen.lost() == std::vector<std::string>{t.in + " 100 200"});
    CHECK(seen.size() == 0);
}

TEST_CASE("kafka: what was deleted when it was read is not missed") {
    half_read t;
    t.on.delete_records(t.in, 0, 100);
    noted seen;
    weir::app app{t.id, on_kafka(seen)};
    read(app, t.in, seen);
    running r{app};
    REQUIRE(until([&] { return seen.size() == 100; }));
    t.on.delete_records(t.in, 0, 200);
    t.on.fill(t.in, 10, 200);
    CHECK(until([&] { return seen.size() == 110; }));
    CHECK(r.stop() == "");
    CHECK(seen.lost().empty());
    CHECK_FALSE(seen.said("were deleted"));
}

TEST_CASE("kafka: messages that are deleted while a run has not read them are told") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    for (int i = 0; i < 200; ++i) {  // a batch of its own each, so that a fetch brings few
        on.send(in, std::to_string(i), std::string(1000, 'x'));
        on.flush();
    }
    auto o = on_kafka(seen);
    for (const auto& [name, value] : weir::properties{{"queued.min.messages", "4"},
                                                      {"fetch.message.max.bytes", "1000"},
                                                      {"fetch.max.bytes", "1000"},
                                                      {"message.max.bytes", "1000"}})
        o.kafka.emplace_back(name, value);
    o.commit_interval = 100ms;
    std::atomic<bool> waits = true;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) | weir::for_each([&](auto& v) {
                       seen.add(v);
                       while (waits) std::this_thread::yield();
                   }));
    running r{app};
    REQUIRE(until([&] { return seen.size() == 1; }));
    on.delete_records(in, 0, 150);
    waits = false;
    REQUIRE(until([&] { return !seen.lost().empty(); }));
    CHECK(until([&] { return on.committed(id, in) == offsets{200}; }));
    CHECK(r.stop() == "");
    CHECK(app.counters().lost_offsets + seen.size() == 200);
    CHECK(seen.said("to 149 were deleted"));
}
