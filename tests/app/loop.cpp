// SPDX-License-Identifier: Apache-2.0
// run, stop and post: who turns the loop, what ends it, what it throws.
#include <algorithm>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <weir/transport/memory.hpp>

#include "driven.hpp"

namespace {

using ids = std::vector<int>;

struct noted final : weir::hooks {
    texts lines;
    void failed(const weir::error_report& r) override {
        lines.push_back("failed " + r.seam + ' ' + r.agent + ": " + r.text);
    }
    void assigned(const weir::topic_partition& p) override {
        lines.push_back("assigned " + p.topic + '[' + std::to_string(p.partition) + ']');
    }
    void committed(const weir::topic_partition& p, weir::offset o) override {
        lines.push_back("committed " + p.topic + '[' + std::to_string(p.partition) + "]@" +
                        std::to_string(o));
    }
};

/// Puts these into a topic of "memory://loop", which lives as long as what is returned.
auto broker_with(const ids& values) {
    auto broker = weir::transport::memory_broker::named("loop");
    weir::app nothing{"nothing", {.broker = "memory://loop"}};
    test_driver feed{nothing};
    feed.create_topic("t");
    for (auto v : values) feed.append_raw("t", {}, std::to_string(v));
    return broker;
}
template <class Error = weir::error>
std::string thrown(auto f) {
    try {
        f();
    } catch (const Error& e) { return e.what(); }
    return "nothing was thrown";
}
const char* const turning =
    "weir: run, poll or a pull stream inside a body of the same app: its loop is turning already";

}  // namespace

TEST_CASE("run returns when all sources are finite and have ended; a short batch is delivered") {
    weir::app app{"a"};
    std::vector<std::size_t> sizes;
    int sum = 0;
    app.agent("batches", weir::from(ids{1, 2, 3, 4, 5}) | weir::take(2) |
                             weir::tap([&](const auto& b) { sizes.push_back(b.size()); }));
    app.agent("sum", weir::from(ids{1, 2, 3}) | weir::tap([&](int i) { sum += i; }));
    app.run();
    CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
    CHECK(sum == 6);
}

TEST_CASE("run, poll and a pull stream inside a body throw; the loop goes on") {
    noted told;
    weir::app app{"a", {.hooks = &told}};
    auto pulled = app.stream(app.topic("t"), {.name = "pulled"});
    ids after;
    app.agent("a", weir::from(ids{1, 2, 3, 4}) | weir::tap([&](int i) {
                       if (i == 1) app.run();
                       if (i == 2) app.poll(0s);
                       if (i == 3) pulled.begin();
                       after.push_back(i);
                   }));
    app.agent("end", weir::from(ids{0}));
    app.post([&] { app.stop(); });
    app.run();
    CHECK(after == ids{4});
    const auto failed = std::string{"failed process a: "} + turning;
    CHECK(told.lines == texts{failed, failed, failed});
}

TEST_CASE("run and poll on a second thread throw while the first turns the loop") {
    weir::app app{"a"};
    texts said;
    app.post([&] {
        std::thread{[&] {
            said.push_back(thrown([&] { app.run(); }));
            said.push_back(thrown([&] { app.poll(0s); }));
        }}.join();
        app.stop();
    });
    app.run();
    CHECK(said == texts{turning, turning});
}

TEST_CASE("an app without agents runs until it is stopped") {
    weir::app app{"a"};
    app.post([&] { app.stop(); });
    app.run();
    CHECK(app.partitions().empty());
}

TEST_CASE("an agent that is added while the app runs is run, too") {
    weir::app app{"a"};
    auto topic = app.topic<int>("t");
    topic.send(std::nullopt, 1);
    ids seen;
    app.agent("first", topic | weir::for_each([&](int) {
                           app.agent("second", app.topic<int>("other") | weir::for_each([&](int i) {
                                                   seen.push_back(i);
                                                   app.stop();
                                               }));
                           app.topic<int>("other").send(std::nullopt, 2);
                       }));
    app.timer(10s, [&] { app.stop(); });
    app.run();
    CHECK(seen == ids{2});
}

TEST_CASE("stop before run ends that run at once, committing nothing, and the next one runs") {
    const auto broker = broker_with({1, 2});
    weir::app app{"a", {.broker = "memory://loop"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") | weir::for_each([&](const std::string& s) {
                         seen.push_back(s);
                         if (s == "2") {
                             app.stop();
                             app.stop();
                         }
                     }));
    app.stop();
    app.stop();
    app.run();
    CHECK(seen.empty());
    CHECK(!broker->committed("a", {"t", 0}));
    app.run();
    CHECK(seen == texts{"1", "2"});
    CHECK(broker->committed("a", {"t", 0}) == std::optional<weir::offset>{2});
}

TEST_CASE("stop inside a body finishes that message, and reads no other") {
    const auto broker = broker_with({1, 2, 3});
    weir::app app{"a", {.broker = "memory://loop"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") | weir::for_each([&](const std::string& s) {
                         if (s == "2") app.stop();
                         seen.push_back(s);
                     }));
    app.run();
    CHECK(seen == texts{"1", "2"});
    CHECK(broker->committed("a", {"t", 0}) == std::optional<weir::offset>{2});
}

TEST_CASE("stop from other threads, many times, ends the run once") {
    weir::app app{"a"};
    app.agent("idle", app.topic("t") | weir::for_each([](const auto&) {}));
    std::vector<std::thread> others;
    app.post([&] {
        for (int i = 0; i < 4; ++i)
            others.emplace_back([&] {
                app.stop();
                app.stop();
            });
    });
    app.run();
    for (auto& t : others) t.join();
}

TEST_CASE("a second run of the same app goes on where the first one ended") {
    const auto broker = broker_with({1, 2, 3, 4});
    noted told;
    weir::app app{"a", {.broker = "memory://loop", .hooks = &told}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") | weir::for_each([&](const std::string& s) {
                         seen.push_back(s);
                         if (s == "2" || s == "4") app.stop();
                     }));
    app.run();
    CHECK(seen == texts{"1", "2"});
    CHECK(told.lines == texts{"assigned t[0]", "committed t[0]@2"});
    app.run();
    CHECK(seen == texts{"1", "2", "3", "4"});
    CHECK(told.lines ==
          texts{"assigned t[0]", "committed t[0]@2", "assigned t[0]", "committed t[0]@4"});
}

TEST_CASE("a hook learns of a commit when it is made, not a tick later") {
    struct jumping final : weir::clock {
        weir::time_point now{};
        weir::time_point steady() const override { return now; }
        bool skip_to(weir::time_point t) override {
            now = std::max(now, t);
            return true;
        }
    } time;
    struct timed final : weir::hooks {
        const jumping& time;
        explicit timed(const jumping& t) : time(t) {}
        std::vector<weir::duration> at;
        void committed(const weir::topic_partition&, weir::offset) override {
            at.push_back(time.now.time_since_epoch());
        }
    } hooks{time};
    const auto broker = broker_with({1});
    weir::app app{"a", {.broker = "memory://loop", .clock = &time, .hooks = &hooks}};
    app.agent("see", app.topic("t") | weir::for_each([](const auto&) {}));
    app.run();  // on such a clock, until nothing more can come
    CHECK(hooks.at == std::vector<weir::duration>{3s});
}

TEST_CASE("partitions tell how far the last run came, also after its end") {
    const auto broker = broker_with({1, 2, 3});
    weir::app app{"a", {.broker = "memory://loop"}};
    app.agent("see", app.topic<std::string>("t") | weir::for_each([&](const std::string& s) {
                         if (s == "3") app.stop();
                     }));
    CHECK(app.partitions().empty());
    app.run();
    const auto all = app.partitions();
    REQUIRE(all.size() == 1);
    CHECK(all[0].topic == "t");
    CHECK(all[0].partition == 0);
    CHECK(all[0].committed == std::optional<weir::offset>{3});
    CHECK(all[0].held == 0);
    CHECK(all[0].read == 3);
}

TEST_CASE("what a posted call does happens on the loop's thread, in order, also before run") {
    weir::app app{"a"};
    app.agent("idle", app.topic("t") | weir::for_each([](const auto&) {}));
    texts order;
    std::vector<std::thread::id> where;
    const auto note = [&](const char* what) {
        order.emplace_back(what);
        where.push_back(std::this_thread::get_id());
    };
    app.post([&] { note("before run"); });
    std::thread other{[&] {
        app.post([&] { note("first"); });
        app.post([&] { note("second"), app.post([&] { note("third"), app.stop(); }); });
    }};
    app.run();
    other.join();
    CHECK(order.size() == 4);
    CHECK(order.back() == "third");
    CHECK(where == std::vector<std::thread::id>(4, std::this_thread::get_id()));
}

TEST_CASE("a posted call may own what cannot be copied") {
    weir::app app{"a"};
    int got = 0;
    app.post([&, p = std::make_unique<int>(7)] {
        got = *p;
        app.stop();
    });
    app.run();
    CHECK(got == 7);
}
