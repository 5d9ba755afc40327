// SPDX-License-Identifier: Apache-2.0
// Copies of tables on a real broker: a member that has one takes over without a restore.
#include <doctest/doctest.h>

#include <atomic>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

/// Notes how many records are read to restore each partition.
struct hearing : weir::hooks {
    std::atomic<weir::offset> records = -1;
    void restoring(const std::string&, weir::partition_id, weir::offset from,
                   weir::offset to) override {
        records = to - from;
    }
    void log(std::string_view line) override { lines.add(std::string{line}); }
    noted lines;
};

/// One process of the group: it counts by key.
struct counting_member {
    hearing ears;
    weir::app app;
    weir::table<std::string, std::int64_t> seen;
    std::atomic<std::size_t> copies = 0;
    std::atomic<weir::offset> behind = -1;
    running runs;

    counting_member(const std::string& id, const std::string& in)
        : app{id, options(ears)},
          seen(app.table<std::string, std::int64_t>("seen", {.standby = 1})),
          runs((app.agent("c", app.topic<std::string, std::string>(in) | weir::count(seen)),
                app.timer(100ms,
                          [this] {
                              const auto c = app.counters();
                              copies = c.copies;
                              behind = c.copies_behind;
                          }),
                app)) {}
    static weir::app_options options(hearing& h) {
        auto o = on_kafka(h);
        o.commit_interval = 100ms;
        return o;
    }
};

}  // namespace

TEST_CASE("kafka: a member that keeps a copy takes over and reads only what came since") {
    admin on;
    const auto in = fresh("in"), id = fresh("app"), changelog = id + "-seen-changelog";
    on.create(in, 1);
    constexpr int keys = 5000;
    on.fill(in, keys);
    on.flush();
    counting_member one{id, in};
    REQUIRE(until([&] { return on.committed(id, in) == std::vector<weir::offset>{keys}; }));
    counting_member two{id, in};
    // whoever has the partition now
    REQUIRE(until([&] { return one.copies + two.copies == 1; }));
    auto &copying = one.copies == 1 ? one : two, &owner = one.copies == 1 ? two : one;
    REQUIRE(until([&] { return copying.copies == 1 && copying.behind == 0; }));
    on.send(in, "0", "once more", 0);
    on.flush();
    REQUIRE(until([&] { return on.committed(id, in) == std::vector<weir::offset>{keys + 1}; }));
    REQUIRE(until([&] { return copying.behind == 0; }));
    copying.ears.records = -1;
    owner.runs.stop();
    REQUIRE(until([&] { return copying.ears.records >= 0; }));
    CHECK(copying.ears.records < 10);
    on.send(in, "0", "and again", 0);
    on.flush();
    REQUIRE(until([&] { return on.committed(id, in) == std::vector<weir::offset>{keys + 2}; }));
    CHECK(copying.runs.stop() == "");
    CHECK(copying.seen.get("0") == 3);
    CHECK(copying.seen.get("1") == 1);
    CHECK(copying.seen.size() == keys);
}
