// SPDX-License-Identifier: Apache-2.0
// Input that was sent in transactions: their markers and what was aborted are committed, too.
#include <atomic>
#include <chrono>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "running.hpp"

using namespace std::chrono_literals;
using namespace tests;
using offsets = std::vector<weir::offset>;

namespace {

/// An app that reads the topic.
struct reader {
    noted seen{};
    std::atomic<weir::offset> lag = -1;
    std::atomic<std::size_t> commits = 0;
    weir::app app;

    reader(const std::string& id, const std::string& in) : app{id, quick(seen)} {
        app.agent("a",
                  app.topic<std::string>(in) | weir::for_each([this](auto& v) { seen.add(v); }));
        app.timer(20ms, [this] {
            const auto now = app.counters();
            lag = now.lag;
            commits = now.commits;
        });
    }
    static weir::app_options quick(noted& n) {
        auto o = on_kafka(n);
        o.commit_interval = 50ms;
        return o;
    }
};

}  // namespace

TEST_CASE("kafka: behind a transaction's marker and what was aborted, the lag is 0") {
    admin on;
    transactional sender;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    reader of{id, in};
    running r{of.app};
    const auto all_committed = [&] { return on.committed(id, in) == on.ends(in); };

    sender.begin();
    sender.send(in, 5);
    sender.commit();
    CHECK(until([&] { return of.seen.size() == 5; }));
    CHECK(until(all_committed));
    CHECK(on.ends(in) == offsets{6});
    CHECK(until([&] { return of.lag == 0; }));

    sender.begin();
    sender.send(in, 500);
    sender.abort();
    CHECK(until([&] { return on.committed(id, in) == offsets{507}; }));
    CHECK(until([&] { return of.lag == 0; }));

    sender.begin();
    sender.send(in, 5);
    sender.commit();
    CHECK(until([&] { return of.seen.size() == 10; }));
    CHECK(until(all_committed));
    const std::size_t commits = of.commits;
    CHECK(commits <= 6);
    CHECK(r.stop() == "");
    CHECK(on.committed(id, in) == offsets{513});
    CHECK(of.seen.size() == 10);
}

TEST_CASE("kafka: what was aborted while the app was away is committed by its next run") {
    admin on;
    transactional sender;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, 3);
    {
        reader of{id, in};
        running r{of.app};
        CHECK(until([&] { return of.seen.size() == 3; }));
        CHECK(r.stop() == "");
    }
    CHECK(on.committed(id, in) == offsets{3});
    sender.begin();
    sender.send(in, 50);
    sender.abort();
    reader of{id, in};
    running r{of.app};
    CHECK(until([&] { return on.committed(id, in) == offsets{54}; }));
    CHECK(until([&] { return of.lag == 0; }));
    CHECK(r.stop() == "");
    CHECK(of.seen.size() == 0);
}

TEST_CASE("kafka: nothing is committed of a transaction that is open") {
    admin on;
    transactional sender;
    const auto in = fresh("in"), id = fresh("app");
    on.create(in, 1);
    on.fill(in, 2);
    reader of{id, in};
    running r{of.app};
    sender.begin();
    sender.send(in, 3);
    on.fill(in, 2);  // behind it: read when the transaction has ended
    CHECK(until([&] { return on.committed(id, in) == offsets{2}; }));
    CHECK(of.seen.size() == 2);
    sender.abort();
    CHECK(until([&] { return on.committed(id, in) == on.ends(in); }));
    CHECK(of.seen.size() == 4);
    CHECK(r.stop() == "");
}
