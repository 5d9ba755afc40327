// SPDX-License-Identifier: Apache-2.0
// poll and poll_fd: an app in a loop that is somebody else's. The real clock, no sleep: poll(2)
// waits on the descriptor.
#include <poll.h>

#include <string>
#include <thread>
#include <vector>

#include <weir/transport/memory.hpp>

#include "driven.hpp"

namespace {

using ids = std::vector<int>;

auto broker_with(const texts& values) {
    auto broker = weir::transport::memory_broker::named("poll");
    weir::app nothing{"nothing", {.broker = "memory://poll"}};
    test_driver feed{nothing};
    feed.create_topic("t");
    for (auto& v : values) feed.append_raw("t", {}, v);
    return broker;
}
/// Waits for the descriptor as a foreign loop does. False if nothing came for so long that
/// something is wrong.
bool readable(weir::app& app) {
    pollfd p{app.poll_fd(), POLLIN, 0};
    return ::poll(&p, 1, 20'000) == 1;
}
/// A foreign loop. Returns how often it was woken; 0 if it waited in vain.
int drive(weir::app& app) {
    int woken = 1;
    for (; app.poll(0s); ++woken)
        if (!readable(app)) return 0;
    return woken;
}

}  // namespace

TEST_CASE("a loop of one's own waits on poll_fd and calls poll until the app has stopped") {
    const auto broker = broker_with({"1", "2", "3"});
    weir::app app{"a", {.broker = "memory://poll"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") | weir::for_each([&](const std::string& s) {
                         seen.push_back(s);
                         if (s == "3") app.stop();
                     }));
    CHECK(drive(app) > 0);
    CHECK(seen == texts{"1", "2", "3"});
    CHECK(broker->committed("a", {"t", 0}) == committed{3});
}

TEST_CASE("poll is false when all sources are finite and have ended, as run returns then") {
    weir::app app{"a"};
    std::vector<std::size_t> sizes;
    app.agent("batches", weir::from(ids{1, 2, 3, 4, 5}) | weir::take(2) |
                             weir::tap([&](const auto& b) { sizes.push_back(b.size()); }));
    CHECK(drive(app) > 0);
    CHECK(sizes == std::vector<std::size_t>{2, 2, 1});
}

TEST_CASE("poll_fd is woken by a timer: take's limit of time, a commit") {
    const auto broker = broker_with({"1", "2", "3"});
    weir::app app{"a", {.broker = "memory://poll", .commit_interval = 1ms}};
    std::vector<std::size_t> sizes;
    app.agent("batches", app.topic("t") | weir::take(100, 5ms) |
                             weir::for_each([&](const auto& b) { sizes.push_back(b.size()); }));
    while (app.poll(0s) && !broker->committed("a", {"t", 0})) REQUIRE(readable(app));
    CHECK(sizes == std::vector<std::size_t>{3});
    CHECK(broker->committed("a", {"t", 0}) == committed{3});
    app.stop();
    CHECK(drive(app) > 0);
}

TEST_CASE("poll_fd is woken by a message that comes") {
    const auto broker = broker_with({});
    weir::app app{"a", {.broker = "memory://poll"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") |
                         weir::for_each([&](const std::string& s) { seen.push_back(s); }));
    weir::app other{"b", {.broker = "memory://poll"}};
    auto t = other.topic<std::string>("t");
    test_driver feed{other};
    while (app.poll(0s)) {  // until it has nothing to do any more
        pollfd p{app.poll_fd(), POLLIN, 0};
        if (::poll(&p, 1, 0) == 0) break;
    }
    feed.append(t, std::nullopt, "hello");
    while (seen.empty()) {
        REQUIRE(readable(app));
        REQUIRE(app.poll(0s));
    }
    CHECK(seen == texts{"hello"});
    app.stop();
    CHECK(drive(app) > 0);
}

TEST_CASE("poll_fd is woken by post and by stop from another thread") {
    weir::app app{"a"};
    app.agent("idle", app.topic("t") | weir::for_each([](const auto&) {}));
    std::thread::id where;
    std::thread other{[&] { app.post([&] { where = std::this_thread::get_id(); }); }};
    while (where == std::thread::id{}) {
        REQUIRE(app.poll(0s));
        if (where == std::thread::id{}) REQUIRE(readable(app));
    }
    other.join();
    CHECK(where == std::this_thread::get_id());
    other = std::thread{[&] { app.stop(); }};
    CHECK(drive(app) > 0);
    other.join();
}

TEST_CASE("poll waits by itself, for as long as it is allowed to") {
    weir::app app{"a"};
    app.agent("idle", app.topic("t") | weir::for_each([](const auto&) {}));
    while (app.poll(0s)) {
        pollfd p{app.poll_fd(), POLLIN, 0};
        if (::poll(&p, 1, 0) == 0) break;
    }
    const auto begin = std::chrono::steady_clock::now();
    CHECK(app.poll(20ms));
    CHECK(std::chrono::steady_clock::now() - begin >= 20ms);
    std::thread other{[&] { app.stop(); }};
    while (app.poll(weir::duration::max())) {}
    other.join();
}

TEST_CASE("poll and run take turns: run goes on with what poll has begun") {
    const auto broker = broker_with({"1", "2"});
    weir::app app{"a", {.broker = "memory://poll"}};
    texts seen;
    app.agent("see", app.topic<std::string>("t") |
                         weir::for_each([&](const std::string& s) { seen.push_back(s); }));
    while (seen.size() < 2) REQUIRE(app.poll(1s));
    app.post([&] { app.stop(); });
    app.run();
    CHECK(seen == texts{"1", "2"});
    CHECK(broker->committed("a", {"t", 0}) == committed{2});
}

TEST_CASE("poll_fd is woken by what the program sends between two polls") {
    weir::app app{"a"};
    auto topic = app.topic<int>("t");
    auto channel = app.channel<int>("c");
    ids seen;
    const auto see = weir::for_each([&](int i) { seen.push_back(i); });
    app.agent("topic", topic | see);
    app.agent("channel", channel | see);
    pollfd p{app.poll_fd(), POLLIN, 0};
    while (app.poll(0s) && ::poll(&p, 1, 0) == 1) {}
    SUBCASE("to a topic") { topic.send(std::nullopt, 1); }
    SUBCASE("to a channel") { channel.send(1); }
    while (seen.empty()) {
        REQUIRE(readable(app));
        REQUIRE(app.poll(0s));
    }
    CHECK(seen == ids{1});
    app.stop();
    CHECK(drive(app) > 0);
}
