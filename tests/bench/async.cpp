// SPDX-License-Identifier: Apache-2.0
// What coroutines cost: an agent that is one, calls that are awaited, a pull stream, against the
// agent that is called.
#include <cstdint>
#include <memory>
#include <ranges>
#include <string>

#include <weir/testing/test_driver.hpp>
#include <weir/transport/memory.hpp>
#include <weir/weir.hpp>

#include "pairs.hpp"

namespace {

using namespace std::chrono_literals;
using weir::bench::pass;

constexpr int messages = 200'000;
constexpr int keyed = 4096;

/// A broker that has numbers in the topic "in", read again by every run: nothing is committed.
struct numbers {
    std::shared_ptr<weir::transport::memory_broker> broker =
        weir::transport::memory_broker::named("bench-async");
    int runs = 0;
    numbers() {
        weir::app app{"fill", {.broker = "memory://bench-async"}};
        auto in = app.topic<int>("in");
        app.agent("in", weir::from(std::views::iota(0, messages)) | weir::to(in));
        app.run();
        auto wide = app.topic<std::string, int>("keyed");
        weir::testing::test_driver feed{app};
        for (int i = 0; i < keyed; ++i) feed.append(wide, "k" + std::to_string(i % 1009), i);
    }
    static numbers& there() {
        static numbers n;
        return n;
    }
};

/// Measures the second half of a run: what is recycled is there then.
struct half {
    pass& measured;
    std::uint64_t sum = 0;
    int seen = 0;
    std::size_t allocated = 0;
    std::chrono::steady_clock::time_point begin{};
    bool next(int i) {  // true at the end
        sum += static_cast<std::uint64_t>(i);
        if (++seen == messages / 2) {
            allocated = weir::bench::allocations();
            begin = std::chrono::steady_clock::now();
        } else if (seen == messages) {
            measured.time += std::chrono::steady_clock::now() - begin;
            measured.allocations += weir::bench::allocations() - allocated;
            return true;
        }
        return false;
    }
};

weir::app_options options() {
    (void)numbers::there();
    return {.broker = "memory://bench-async", .commit_interval = 1h};
}
/// A group that has read nothing yet.
std::string group() { return "bench-" + std::to_string(++numbers::there().runs); }

void push(pass& measured) {
    half h{measured};
    weir::app app{group(), options()};
    app.agent("a", app.topic<int>("in") | weir::for_each([&](int i) {
                       if (h.next(i)) app.stop();
                   }));
    app.run();
    weir::bench::keep(h.sum);
}
void coroutine(pass& measured) {
    half h{measured};
    weir::app app{group(), options()};
    app.agent("a", app.topic<int>("in"), [&](auto stream) -> weir::task<> {
        while (auto i = co_await stream.next())
            if (h.next(*i)) app.stop();
    });
    app.run();
    weir::bench::keep(h.sum);
}
void pull(pass& measured) {
    half h{measured};
    weir::app app{group(), options()};
    for (int i : app.stream(app.topic<int>("in")))
        if (h.next(i)) break;
    weir::bench::keep(h.sum);
}
void ready_at_once(pass& measured) {
    half h{measured};
    weir::app app{group(), options()};
    app.agent("a", app.topic<int>("in") | weir::map([](int i) -> weir::task<int> { co_return i; }) |
                       weir::for_each([&](int i) {
                           if (h.next(i)) app.stop();
                       }));
    app.run();
    weir::bench::keep(h.sum);
}

/// 64 calls of 5 ms at a time, over many keys.
void keyed_calls(pass& measured) {
    weir::app app{group(), options()};
    int seen = 0;
    const auto call = [](int i) -> weir::task<int> {
        co_await weir::sleep(5ms);
        co_return i;
    };
    app.agent("a", app.topic<std::string, int>("keyed") |
                       weir::map(call, {.concurrency = 64, .order = weir::order_by::key}) |
                       weir::for_each([&](int) {
                           if (++seen == keyed) app.stop();
                       }));
    measured([&] { app.run(); });
}

const weir::bench::pair coroutine_agent{"async: a coroutine agent, above the agent that is called",
                                        {.a = coroutine,
                                         .b = push,
                                         .messages = messages / 2,
                                         .wanted = {.above = 25ns, .allocations = 0.001}}};
const weir::bench::pair pull_range{"async: a pull stream, above the agent that is called",
                                   {.a = pull,
                                    .b = push,
                                    .messages = messages / 2,
                                    .wanted = {.above = 40ns, .allocations = 0.001}}};
const weir::bench::pair map_at_once{
    "async: map with a task that is ready at once, above the agent that is called",
    {.a = ready_at_once,
     .b = push,
     .messages = messages / 2,
     .wanted = {.above = 120ns, .allocations = 0.001}}};
const weir::bench::single calls_by_key{
    "async: 64 calls of 5 ms at once, in order of their keys; a call",
    {.a = keyed_calls,
     .messages = keyed,
     .wanted = {.at_most = 5ms / 64. / 0.9},
     .runs = 5,
     .one_pass = true}};

}  // namespace
