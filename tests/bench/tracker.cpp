// SPDX-License-Identifier: Apache-2.0
// What a message costs in the offset tracker: taken hold of, let go, and the committable offset
// read after each.
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <numeric>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "conductor/offset_tracker.hpp"
#include "pairs.hpp"
#include "release_queue.hpp"

namespace {

using namespace std::chrono_literals;
using namespace weir::detail;
using weir::hold;
using weir::offset;
using weir::bench::pass;
using order = std::vector<std::uint32_t>;

order in_order(std::size_t n) {
    order o(n);
    std::iota(o.begin(), o.end(), 0u);
    return o;
}
order at_random(std::size_t n) {
    auto o = in_order(n);
    std::shuffle(o.begin(), o.end(), std::mt19937{1});
    return o;
}

/// All are opened, then closed; `gap` offsets from one to the next.
auto open_then_close(order closing, offset gap = 1) {
    return [=](pass& measured) {
        const auto n = closing.size();
        owned_tracker t{new offset_tracker{std::make_shared<release_queue>()}};
        std::vector<hold> held(n);
        measured([&] {
            t->delivered(0, offset(n) * gap - 1);
            for (std::size_t i = 0; i < n; ++i) held[i] = hold{*t, offset(i) * gap};
            t->passed(t->end());
            for (auto i : closing) {
                held[i].release();
                weir::bench::keep(t->committable());
            }
        });
    };
}

/// So many are open at any time: the oldest closes when one more opens.
auto sliding(std::size_t open, std::size_t n) {
    return [=](pass& measured) {
        owned_tracker t{new offset_tracker{std::make_shared<release_queue>()}};
        std::vector<hold> held(open);
        measured([&] {
            for (std::size_t i = 0; i < n; ++i) {
                t->delivered(offset(i), offset(i));
                held[i % open] = hold{*t, offset(i)};
                t->passed(offset(i) + 1);
                weir::bench::keep(t->committable());
            }
        });
    };
}

/// The same by the plainest means: a map of what is open.
auto sliding_in_a_map(std::size_t open, std::size_t n) {
    return [=](pass& measured) {
        std::map<offset, int> counts;
        measured([&] {
            for (std::size_t i = 0; i < n; ++i) {
                ++counts[offset(i)];
                if (i >= open) {
                    const auto at = counts.find(offset(i - open));
                    if (--at->second == 0) counts.erase(at);
                }
                weir::bench::keep(counts.begin()->first);
            }
        });
    };
}

/// Released by a thread that is not the loop's, collected by the loop.
void from_another_thread(pass& measured) {
    constexpr std::size_t n = 100'000;
    auto loop = std::make_shared<release_queue>();
    owned_tracker t{new offset_tracker{loop}};
    std::vector<hold> held(n);
    t->delivered(0, n - 1);
    for (std::size_t i = 0; i < n; ++i) held[i] = hold{*t, offset(i)};
    measured([&] {
        std::thread{[&] {
            for (auto& h : held) h.release();
        }}.join();
        loop->collect();
    });
}

void nothing_posted(pass& measured) {
    release_queue loop;
    measured([&] {
        for (int i = 0; i < 1'000'000; ++i) weir::bench::keep(loop.collect());
    });
}

constexpr std::size_t million = 1'000'000;

const weir::bench::single rows[] = {
    {"tracker: 1 M held, closed in order",
     {.a = open_then_close(in_order(million)), .messages = million, .wanted = {.at_most = 25ns}}},
    {"tracker: 100 k open, closed at random",
     {.a = open_then_close(at_random(100'000)), .messages = 100'000, .wanted = {.at_most = 60ns}}},
    {"tracker: 1 M open, closed at random",
     {.a = open_then_close(at_random(million)), .messages = million, .wanted = {.at_most = 100ns}}},
    {"tracker: 100 k open with gaps of 100, closed at random",
     {.a = open_then_close(at_random(100'000), 100), .messages = 100'000}},
    {"tracker: 1,000 open, held and closed in order, against a map",
     {.a = sliding(1'000, million),
      .b = sliding_in_a_map(1'000, million),
      .messages = million,
      .wanted = {.at_most = 25ns, .allocations = 0.001}}},
    {"hold: released on another thread and collected",
     {.a = from_another_thread, .messages = 100'000}},
    {"hold: the loop looks whether something was posted",
     {.a = nothing_posted, .messages = million, .wanted = {.at_most = 2ns}}},
};

}  // namespace
