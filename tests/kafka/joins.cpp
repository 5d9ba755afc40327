// SPDX-License-Identifier: Apache-2.0
// Joins on a real broker: which member has what is joined, and what is refused.
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <set>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

using text = std::string;

/// Counts the partitions that it has.
class member final : public weir::hooks {
public:
    explicit member(noted& n) : all_(n) {}
    void log(std::string_view line) override { all_.log(line); }
    void assigned(const weir::topic_partition&) override { ++here; }
    void revoked(const weir::topic_partition&, bool) override { --here; }
    std::atomic<int> here = 0;

private:
    noted& all_;
};

/// Notes "value name" for each value of `in`, with what `names` has for its key.
std::unique_ptr<weir::app> joining(const text& id, const text& in, const text& names, noted& seen,
                                   weir::hooks& hooks, const weir::properties& more = {}) {
    auto o = on_kafka(hooks);
    o.commit_interval = 100ms;
    o.kafka.insert(o.kafka.end(), more.begin(), more.end());
    auto app = std::make_unique<weir::app>(id, o);
    auto people = app->table(app->topic<text, text>(names));
    app->agent("j", app->topic<text, text>(in) |
                        weir::left_join(people,
                                        [](const text& value, const text* name) {
                                            return value + ' ' + (name ? *name : "nobody");
                                        }) |
                        weir::for_each([&](const text& s) { seen.add(s); }));
    return app;
}
std::set<text> once(const noted& seen) {
    const auto all = seen.all();
    return {all.begin(), all.end()};
}

}  // namespace

TEST_CASE("kafka: what is joined is with one member, restored, while members come and go") {
    admin on;
    noted seen;
    const auto in = fresh("in"), names = fresh("names"), id = fresh("app");
    constexpr int partitions = 6;
    on.create(in, partitions);
    on.create(names, partitions, {{"cleanup.policy", "compact"}});
    for (int p = 0; p < partitions; ++p)
        on.send(names, "k" + std::to_string(p), "n" + std::to_string(p), p);
    on.flush();
    member first{seen}, second{seen}, third{seen};
    auto one = joining(id, in, names, seen, first), two = joining(id, in, names, seen, second),
         three = joining(id, in, names, seen, third);
    std::set<text> wanted;
    int sent = 0;
    const auto send = [&] {
        for (int p = 0; p < partitions; ++p) {
            const auto value = std::to_string(sent++);
            on.send(in, "k" + std::to_string(p), value, p);
            wanted.insert(value + " n" + std::to_string(p));
        }
        on.flush();
    };
    const auto all_here = [&] { return once(seen).size() >= wanted.size(); };
    running a{*one};
    REQUIRE(until([&] {
        const auto done = on.committed(id, names);
        return std::all_of(done.begin(), done.end(), [](auto o) { return o == 1; });
    }));
    send();
    REQUIRE(until(all_here));
    {
        running b{*two}, c{*three};
        REQUIRE(until([&] {  // messages flow while the partitions move
            send();
            return first.here == 4 && second.here == 4 && third.here == 4;  // two of each topic
        }));
        REQUIRE(until(all_here));
        CHECK(b.stop() == "");
        send();
        CHECK(c.stop() == "");
    }
    send();
    REQUIRE(until(all_here));
    CHECK(a.stop() == "");
    CHECK(once(seen) == wanted);  // so nobody was without a name
}

TEST_CASE(
    "kafka: unequal numbers of partitions, or another assignor, stop a join before it reads") {
    admin on;
    noted seen;
    const auto in = fresh("in"), names = fresh("names"), id = fresh("app");
    on.create(in, 2);
    on.create(names, 3);
    on.send(in, "k", "1", 0);
    on.flush();
    {
        auto app = joining(id, in, names, seen, seen);
        CHECK(running{*app}.end() ==
              "weir: agent 'j' joins topic '" + in + "' with table '" + names + "': '" + in +
                  "' has 2 partitions, and '" + names +
                  "', which fills the table, has 3, so equal keys would be in different ones: give "
                  "them the same number, or put group_by before one");
    }
    on.grow(in, 3);
    auto app =
        joining(id, in, names, seen, seen, {{"partition.assignment.strategy", "roundrobin"}});
    CHECK(running{*app}.end() ==
          "weir: librdkafka's property partition.assignment.strategy=roundrobin is not possible: "
          "topics that are read together need equal partitions in one member, and only range sees "
          "to that");
    CHECK(seen.size() == 0);
}
