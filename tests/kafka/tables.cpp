// SPDX-License-Identifier: Apache-2.0
// Tables on a real broker: what happens to their topics while the app runs.
#include <doctest/doctest.h>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

using offsets = std::vector<weir::offset>;

weir::table<std::string, std::int64_t> count(weir::app& app, const std::string& in, noted& seen) {
    auto table = app.table<std::string, std::int64_t>("seen");
    app.agent("c", app.topic<std::string, std::string>(in) |
                       weir::tap([&](const auto& v) { seen.add(v); }) | weir::count(table));
    return table;
}

}  // namespace

TEST_CASE("kafka: partitions that a table's input gets stop the app before one of them is read") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app"), changelog = id + "-seen-changelog";
    on.create(in, 1);
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    o.kafka.emplace_back("topic.metadata.refresh.interval.ms", "300");
    weir::app app{id, o};
    count(app, in, seen);
    running r{app};
    on.send(in, "x", "before", 0);
    on.flush();
    REQUIRE(until([&] { return on.committed(id, in) == offsets{1}; }));
    on.grow(in, 2);
    on.send(in, "y", "behind", 1);
    on.flush();
    CHECK(r.end() == "weir: topic '" + in +
                         "' has got partition 1 while the app runs, and the changelog '" +
                         changelog +
                         "' of table 'seen' has 1: a table's number of partitions does not "
                         "change; give the table another name to begin anew");
    CHECK(seen.all() == std::vector<std::string>{"before"});
    CHECK(on.committed(id, in) == offsets{1, -1});

    weir::app again{id, o};
    count(again, in, seen);
    running next{again};
    CHECK(next.end() == "weir: table 'seen': its changelog '" + changelog +
                            "' has 1 partitions, and topic '" + in +
                            "' has 2: a table's number of partitions does not change; give the "
                            "table another name to begin anew");
    CHECK(seen.size() == 1);
}

TEST_CASE("kafka: a changelog that deletes what is old stops the app before anything is read") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app"), changelog = id + "-seen-changelog";
    on.create(in, 1);
    on.send(in, "x", "1", 0);
    on.flush();
    for (const std::string policy : {"delete", "compact,delete"}) {
        on.create(changelog, 1, {{"cleanup.policy", policy}});
        weir::app app{id, on_kafka(seen)};
        count(app, in, seen);
        running r{app};
        CHECK(r.end() == "weir: topic '" + changelog + "' has cleanup.policy=" + policy +
                             ", and as the changelog of a table it needs compact, or keys would be "
                             "lost by their age: kafka-configs.sh --alter --entity-type topics "
                             "--entity-name " +
                             changelog + " --add-config cleanup.policy=compact changes it");
        on.remove(changelog);
    }
    CHECK(seen.size() == 0);
    CHECK(on.committed(id, in) == offsets{-1});
}

TEST_CASE("kafka: a changelog that the broker refuses to make stops the app before anything is "
          "read") {
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app"), changelog = id + "-seen-changelog";
    on.create(in, 1);
    on.send(in, "x", "1", 0);
    on.flush();
    weir::app app{id, on_kafka(seen)};
    app.table<std::string, std::int64_t>("seen", {.config = {{"min.compaction.lag.ms", "-5"}}});
    count(app, in, seen);
    running r{app};
    const auto said = r.end();
    CAPTURE(said);
    CHECK(said.starts_with("weir: topic '" + changelog + "' could not be created: "));
    CHECK(said.find("min.compaction.lag.ms") != said.npos);
    CHECK(seen.size() == 0);
    CHECK(on.committed(id, in) == offsets{-1});
}
