// SPDX-License-Identifier: Apache-2.0
// What a real broker does to an app: it goes away, topics go.
#include <doctest/doctest.h>

#include <numeric>
#include <set>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

std::size_t count(admin& on, const std::string& topic) {
    const auto ends = on.ends(topic);
    return static_cast<std::size_t>(std::accumulate(ends.begin(), ends.end(), weir::offset{0}));
}

}  // namespace

TEST_CASE("kafka: a broker that is killed and comes back costs a sentence, and no message") {
    noted seen;
    const auto in = fresh("in"), out = fresh("out"), id = fresh("app");
    {
        admin on;
        on.create(in, 2), on.create(out, 2);
        on.fill(in, 500);
    }
    auto o = on_kafka(seen);
    o.commit_interval = 100ms;
    weir::app app{id, o};
    app.agent("a", app.topic<std::string>(in) | weir::tap([&](auto& v) { seen.add(v); }) |
                       weir::to(app.topic<std::string>(out)));
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

TEST_CASE("kafka: a topic that is deleted while it is read is named, and the others go on") {
    admin on;
    noted seen;
    const auto gone = fresh("gone"), stays = fresh("stays");
    on.create(gone, 2), on.create(stays, 2);
    on.fill(gone, 10), on.fill(stays, 10);
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
