// SPDX-License-Identifier: Apache-2.0
// Nobody starves, and nothing grows without a limit: buffers stop the reading of what feeds them.
#include <algorithm>
#include <cstdlib>
#include <stdexcept>
#include <string>
#include <utility>

#include "allocations.hpp"
#include "driven.hpp"

namespace {

/// What was read, in order: one entry a batch.
struct reads : weir::hooks {
    std::vector<std::pair<weir::topic_partition, std::size_t>> all;
    void read(const weir::topic_partition& p, std::size_t n) override { all.emplace_back(p, n); }
};

/// Counts how often one is decoded.
struct noted {
    static inline int decoded = 0;
};

}  // namespace

template <>
struct weir::codec<noted> {
    static void decode(bytes_view, noted&) { ++noted::decoded; }
    static void encode(const noted&, bytes& onto) { onto.append("x"); }
};

TEST_CASE("semantics 29: topics take turns, within a topic partitions take turns; one with 1000 "
          "times the partitions does not starve another") {
    reads hooks;
    weir::app app{"fair", {.stream_buffer_max = 1, .hooks = &hooks}};
    auto wide = app.topic<int>("wide", {.partitions = 1000});
    auto narrow = app.topic<int>("narrow");
    app.agent("wide", wide | weir::for_each([](int) {}));
    app.agent("narrow", narrow | weir::for_each([](int) {}));
    test_driver test{app};
    for (int n = 0; n < 3; ++n)
        for (weir::partition_id p = 0; p < 1000; ++p) test.append(wide, "k", n, {.partition = p});
    for (int n = 0; n < 1000; ++n) test.append(narrow, "k", n);
    test.run();
    REQUIRE(hooks.all.size() == 4000);
    // while both have something, none gets two turns more than the other
    int ahead = 0, most = 0;
    for (std::size_t i = 0; i < 2000; ++i) {
        ahead += hooks.all[i].first.topic == "wide" ? 1 : -1;
        most = std::max(most, std::abs(ahead));
    }
    CHECK(most <= 2);
    // and a partition has its second turn when each has had its first
    std::vector<weir::partition_id> first;
    for (auto& [tp, n] : hooks.all)
        if (tp.topic == "wide" && first.size() < 1000) first.push_back(tp.partition);
    std::sort(first.begin(), first.end());
    CHECK(std::unique(first.begin(), first.end()) == first.end());
}

TEST_CASE("semantics 30: an agent that stands still stops the reading of its own partitions, other "
          "topics keep their rate, nothing already fetched is lost") {
    reads hooks;
    weir::app app{"fair",
                  {.stream_buffer_max = 10, .on_error = weir::retry(100, 1s), .hooks = &hooks}};
    auto stuck = app.topic<int>("stuck");
    auto other = app.topic<int>("other");
    bool works = false;
    trace seen;
    int others = 0;
    app.agent("stuck", stuck | weir::for_each([&](int n) {
                           if (n == 5 && !works) throw std::runtime_error{"not now"};
                           seen.push_back(n);
                       }));
    int quick = 0;
    app.agent("quick", stuck | weir::for_each([&](int) { ++quick; }));
    app.agent("other", other | weir::for_each([&](int) { ++others; }));
    test_driver test{app};
    for (int n = 0; n < 100; ++n) test.append(stuck, "k", n);
    for (int n = 0; n < 1000; ++n) test.append(other, "k", n);
    test.run();
    test.advance(10s);
    const auto of = [&](const std::string& topic) {
        std::size_t n = 0;
        for (auto& [tp, count] : hooks.all) n += tp.topic == topic ? count : 0;
        return n;
    };
    CHECK(quick == 15);  // ten lie between the two, and no more is read
    CHECK(of("stuck") == 15);
    CHECK(others == 1000);
    works = true;
    test.advance(1s);
    trace all(100);
    for (int n = 0; n < 100; ++n) all[static_cast<std::size_t>(n)] = n;
    CHECK(seen == all);
    CHECK(of("stuck") == 100);
}

TEST_CASE("semantics 30: a batch is at most 4096 messages and 100,000 of a partition may be open, "
          "unless the app says otherwise") {
    weir::app app{"fair"};
    auto in = app.topic<int>("in");
    std::vector<weir::hold> holds;
    app.agent("a",
              in | weir::events() | weir::for_each([&](auto& e) { holds.push_back(e.hold()); }));
    test_driver test{app};
    for (int n = 0; n < 100'010; ++n) test.append(in, "k", n);
    test.run();
    CHECK(app.counters().largest_batch == 4096);
    CHECK(holds.size() == 100'000);
    holds.resize(4);
    test.run();
    CHECK(holds.size() == 14);  // all that there are
}

TEST_CASE("semantics 30: a producer a thousand times faster than an agent keeps memory within "
          "limits") {
    weir::app app{"fair", {.stream_buffer_max = 64, .open_max = 500}};
    auto in = app.topic<int>("in", {.partitions = 4});
    auto other = app.topic<int>("other");
    int done = 0, others = 0;
    app.agent("slow", in |
                          weir::map(
                              [&](int n) -> weir::task<int> {
                                  co_await weir::sleep(1s);
                                  co_return n;
                              },
                              {.concurrency = 8}) |
                          weir::for_each([&](int) { ++done; }));
    app.agent("holds", in | weir::take(400) | weir::for_each([](const auto&) {}));
    app.agent("other", other | weir::for_each([&](int) { ++others; }));
    test_driver test{app};
    std::size_t held = 0, lagging = 0;
    for (int second = 0; second < 10; ++second) {  // 8000 a second come, 8 a second go
        for (int n = 0; n < 8000; ++n) test.append(in, "k", n, {.partition = n % 4});
        for (int n = 0; n < 100; ++n) test.append(other, "k", n);
        test.run();
        test.advance(1s);
        CHECK(others == 100 * (second + 1));
        held = std::max(held, app.counters().held);
        lagging = static_cast<std::size_t>(app.counters().lag);
    }
    CHECK(done == 80);
    CHECK(held <= 4 * 64 + 400 + 8);               // batches in work, take's, the calls'
    CHECK(lagging > 79'000);                       // the rest is where it was: in the topic
    CHECK(app.counters().messages < 1000 + 1000);  // of 80,000, and the other topic's
}

TEST_CASE("semantics 31: a full producer queue stops reading; it never blocks the loop and never "
          "loses a message") {
    // A slow group of `out` keeps its messages: beyond the retention there is no room.
    reads hooks;
    const std::string broker = "memory://fairness-full";
    weir::app app{"fair", {.broker = broker, .stream_buffer_max = 16, .hooks = &hooks}};
    const auto memory = weir::transport::memory_broker::named("fairness-full");
    auto in = app.topic<int>("in");
    auto other = app.topic<int>("other");
    int others = 0;
    app.agent("grow", in | weir::map([](int n) {
                          return std::to_string(n) + std::string(1'000'000, 'x');
                      }) | weir::to("out"));
    app.agent("other", other | weir::for_each([&](int) { ++others; }));
    weir::app slow{"slow", {.broker = broker}};
    std::vector<weir::hold> holds;
    trace got;
    slow.agent("keep", slow.topic<std::string>("out") | weir::take(1) |
                           weir::for_each([&](const weir::batch<std::string>& b) {
                               got.push_back(std::stoi(b[0]));
                               holds.push_back(b.hold());
                           }));
    test_driver test{app, slow};
    for (int n = 0; n < 200; ++n) test.append(in, "k", n);
    test.run();
    for (int n = 0; n < 1000; ++n) test.send(other, "k", n);
    CHECK(others == 1000);  // the loop turns
    CHECK(app.counters().messages < 1000 + 100);
    for (std::size_t before = 0; got.size() < 200;) {
        holds.clear();
        test.commit();
        REQUIRE(got.size() > before);
        before = got.size();
    }
    trace all(200);
    for (int n = 0; n < 200; ++n) all[static_cast<std::size_t>(n)] = n;
    CHECK(got == all);
    test.commit();
    CHECK(test.committed(in, 0) == 200);
}

TEST_CASE("semantics 32: agents with the same key and value types on one topic share one decode") {
    weir::app app{"fair"};
    auto in = app.topic<noted>("in");
    int seen = 0;
    for (const char* name : {"a", "b", "c"})
        app.agent(name, in | weir::for_each([&](const noted&) { ++seen; }));
    test_driver test{app};
    noted::decoded = 0;
    for (int n = 0; n < 5; ++n) test.append_raw(in, "k", "x");
    test.run();
    CHECK(seen == 15);
    CHECK(noted::decoded == 5);
}

TEST_CASE("nothing a message is allocated on the synchronous path, sending included") {
    weir::app app{"fair", {.commit_interval = 1h}};
    auto in = app.topic<std::string, int>("in");
    long sum = 0;
    app.agent("fused", in | weir::filter([](int n) { return n % 2 == 0; }) | weir::map([](int n) {
                           return n + 1;
                       }) | weir::for_each([&](int n) { sum += n; }));
    app.agent("events", in | weir::events() | weir::for_each([&](auto& e) { sum += e.value(); }));
    app.agent("sends", in | weir::to("out"));
    test_driver test{app};
    const auto costs = [&](int messages) {
        for (int n = 0; n < messages; ++n) test.append(in, "k", n);
        const auto before = weir::testing::allocations();
        test.run();
        return weir::testing::allocations() - before;
    };
    costs(8000);  // what grows has grown
    const auto few = costs(1000), many = costs(8000);
    CHECK(many < few + 100);
    CHECK(app.counters().sent == 17'000);
}
