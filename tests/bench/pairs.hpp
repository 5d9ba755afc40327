// SPDX-License-Identifier: Apache-2.0
// Benchmarks as rows of one table: two sides measured by turns, or one side against a bound.
//
// A new row is an object in any file of this folder:
//
//     static const weir::bench::pair p{
//         "segment: map | filter | map, against by hand",
//         {.a = [](auto& pass) { chain c; pass([&] { c.run(); }); },
//          .b = [](auto& pass) { pass([&] { by_hand(); }); },
//          .messages = 4096,
//          .wanted = {.above = 0.5ns, .allocations = 0}}};
//
// What stands before the colon is the topic the table is sorted by. A bound that is missed is
// shown; it is not an error.
#pragma once
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>

namespace weir::bench {

using nanoseconds = std::chrono::duration<double, std::nano>;

/// How often this thread has allocated.
std::size_t allocations() noexcept;

/// One pass of a side, which hands over what is to be measured; what it does before and behind is
/// not.
class pass {
public:
    template <class F>
    void operator()(F&& measured) {
        const auto count = bench::allocations();
        const auto start = std::chrono::steady_clock::now();
        measured();
        time += std::chrono::steady_clock::now() - start;
        allocations += bench::allocations() - count;
    }
    /// Where the time is known otherwise.
    void took(nanoseconds t) { time += t; }

    nanoseconds time{};
    std::size_t allocations = 0;
};
using side = std::function<void(pass&)>;

/// So that the compiler does not leave out what makes it.
template <class T>
void keep(const T& value) {
    benchmark::DoNotOptimize(value);
}

/// Bounds of the medians, a message. None: the row is only shown.
struct bounds {
    std::optional<nanoseconds> at_most{};  // side a
    std::optional<nanoseconds> above{};    // a - b
    std::optional<double> ratio{};         // a / b
    std::optional<double> allocations{};   // side a
};

struct sides {
    side a{};                   // ours
    side b{};                   // what it is measured against; none: a row of one side
    std::int64_t messages = 1;  // what one pass works on
    bounds wanted{};
    int runs = 11;          // of each side
    bool one_pass = false;  // a run is one pass; else as many as fill some hundredths of a second
};

struct row {
    std::string name;
    sides of;
};
inline std::vector<row>& rows() {
    static std::vector<row> all;
    return all;
}

/// Both sides by turns, A B A B …; the median of the ratio of each two neighbours counts.
struct pair {
    pair(std::string name, sides of) { rows().push_back({std::move(name), std::move(of)}); }
};
/// One side against a bound: `.a` only.
using single = pair;

}  // namespace weir::bench
