// SPDX-License-Identifier: Apache-2.0
// 20,000 real flights: which origins have late ones, and how late are the flights of each? Three
// agents, three topics between them, and a table.
//
// Prints:
//   flights read                         20000
//   origins                                220
//   late flights                          1089
//   origins with late flights              118
//   batches                                 11
//   sum of delays, minutes              154078
//   flights from DFW                      1103, the worst one 298 minutes late, all of them 10462
//   flights from ORD                      1095, the worst one 259 minutes late, all of them 8181
//   flights from ATL                       846, the worst one 365 minutes late, all of them 6611
//   committed flights[0]                  5000
//   committed flights[1]                  5000
//   committed flights[2]                  5000
//   committed flights[3]                  5000
//   committed flights-late-origin-repartition[0]       255
//   committed flights-late-origin-repartition[1]       349
//   committed flights-late-origin-repartition[2]       154
//   committed flights-late-origin-repartition[3]       331
//   committed flights-origins-origin-repartition[0]      4462
//   committed flights-origins-origin-repartition[1]      6110
//   committed flights-origins-origin-repartition[2]      3183
//   committed flights-origins-origin-repartition[3]      6245
//   committed late-by-origin[0]             11
//   messages still held                      0
//   flights/s                       *
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <ranges>
#include <set>
#include <string>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct flight {
    std::string date;  // YYYY/MM/DD HH:MM, local
    int delay;         // minutes late on arrival, negative is early
    int distance;      // miles
    std::string origin, destination;
};

struct delays {
    int flights = 0, sum = 0, worst = 0;  // minutes
};

struct totals {
    std::set<std::string> late_origins;
    std::size_t read = 0, late = 0, batches = 0;
    // when the last flight came; behind it is waiting for more
    std::chrono::steady_clock::time_point last;
};

int main(int argc, char** argv) try {
    weir::app app{"flights"};
    totals sum;
    auto flights = app.topic<flight>("flights", {.partitions = 4});
    auto late_by_origin =
        app.topic<std::optional<std::string>, std::vector<flight>>("late-by-origin");

    // [pipelines]
    app.agent("late", flights                                         // stream of flight
        | weir::filter([](const flight& f) { return f.delay > 60; })  // the late ones
        | weir::group_by(&flight::origin)                             // keyed by origin, in a topic
        | weir::take(100, 10s)                                        // 100, or what came in 10 s
        | weir::through("late-by-origin"));                           // one message a batch

    auto origins = app.table<std::string, delays>("origins");
    app.agent("origins", flights
        | weir::group_by(&flight::origin)
        | weir::aggregate(origins, [](delays& d, const flight& f) {  // of delays, by origin
              ++d.flights;
              d.sum += f.delay;
              d.worst = std::max(d.worst, f.delay);
          })
        | weir::for_each([&](const delays&) {
              ++sum.read;
              sum.last = std::chrono::steady_clock::now();
          }));

    app.agent("follow", late_by_origin | weir::for_each([&](const std::vector<flight>& batch) {
        ++sum.batches;
        sum.late += batch.size();
        for (auto& f : batch) sum.late_origins.insert(f.origin);
    }));
    // [/pipelines]

    const auto begin = std::chrono::steady_clock::now();
    const int code = app.main(argc, argv);
    if (code != weir::exit_code::ok || sum.read == 0) return code;

    const std::chrono::duration<double> seconds = sum.last - begin;
    std::size_t held = 0;
    fmt::print("{:<32}{:>10}\n", "flights read", sum.read);
    fmt::print("{:<32}{:>10}\n", "origins", origins.size());
    fmt::print("{:<32}{:>10}\n", "late flights", sum.late);
    fmt::print("{:<32}{:>10}\n", "origins with late flights", sum.late_origins.size());
    fmt::print("{:<32}{:>10}\n", "batches", sum.batches);
    std::vector<std::pair<std::string, delays>> most;
    int minutes = 0;
    for (auto&& [origin, d] : origins) {
        most.emplace_back(origin, d);
        minutes += d.sum;
    }
    fmt::print("{:<32}{:>10}\n", "sum of delays, minutes", minutes);
    std::ranges::sort(most, std::greater{}, [](auto& one) { return one.second.flights; });
    for (auto& [origin, d] : most | std::views::take(3))
        fmt::print("{:<32}{:>10}, the worst one {} minutes late, all of them {}\n",
                   "flights from " + origin, d.flights, d.worst, d.sum);
    for (auto& p : app.partitions()) {
        fmt::print("{:<32}{:>10}\n", fmt::format("committed {}[{}]", p.topic, p.partition),
                   p.committed.value_or(0));
        held += p.held;
    }
    fmt::print("{:<32}{:>10}\n", "messages still held", held);
    fmt::print("{:<32}{:>10.0f}\n", "flights/s", static_cast<double>(sum.read) / seconds.count());
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
