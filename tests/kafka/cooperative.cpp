// SPDX-License-Identifier: Apache-2.0
// Cooperative rebalances, where librdkafka can: from 2.10 on (see tests/kafka/newest).
#include <doctest/doctest.h>

#include <atomic>
#include <memory>
#include <transport/kafka/properties.hpp>

#include "running.hpp"

using namespace tests;
using namespace std::chrono_literals;

namespace {

/// Notes besides which partitions it had to give up.
class member final : public weir::hooks {
public:
    explicit member(noted& n) : all_(n) {}
    void log(std::string_view line) override { all_.log(line); }
    void assigned(const weir::topic_partition&) override { ++assigned_; }
    void revoked(const weir::topic_partition&, bool lost) override { ++(lost ? lost_ : revoked_); }
    std::atomic<int> assigned_ = 0, revoked_ = 0, lost_ = 0;

private:
    noted& all_;
};

}  // namespace

TEST_CASE("semantics 27: what stays in a cooperative rebalance loses and repeats nothing") {
    if (!weir::transport::kafka::runs_at_least(0x020a00ff)) return;  // refused: properties.cpp
    admin on;
    noted seen;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 4);
    on.fill(in, 1000);
    member first{seen}, second{seen};
    const auto made = [&](member& m) {
        auto o = on_kafka(m);
        o.commit_interval = 100ms;
        o.kafka.emplace_back("partition.assignment.strategy", "cooperative-sticky");
        auto app = std::make_unique<weir::app>(id, o);
        auto values = app->topic<std::string>(in);
        app->agent("a", values | weir::for_each([&](auto& v) { seen.add(v); }));
        return app;
    };
    auto one = made(first), two = made(second);
    running a{*one};
    REQUIRE(until([&] { return seen.size() >= 1000; }));
    int sent = 1000;
    {
        running b{*two};
        REQUIRE(until([&] {  // messages flow while the partitions move
            on.fill(in, 100, sent);
            sent += 100;
            return second.assigned_ == 2;
        }));
        REQUIRE(until([&] { return seen.size() >= static_cast<std::size_t>(sent); }));
        CHECK(first.revoked_ == 2);  // the other two stayed
        CHECK(b.stop() == "");
    }
    REQUIRE(until([&] {
        on.fill(in, 100, sent);
        sent += 100;
        return first.assigned_ == 6;
    }));
    REQUIRE(until([&] { return seen.size() >= static_cast<std::size_t>(sent); }));
    CHECK(a.stop() == "");
    auto all = seen.all();
    std::sort(all.begin(), all.end());
    CHECK(all.size() == static_cast<std::size_t>(sent));
    CHECK(std::unique(all.begin(), all.end()) == all.end());
    CHECK(first.lost_ + second.lost_ == 0);
    CHECK(on.committed(id, in) == on.ends(in));
}
