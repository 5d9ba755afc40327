// SPDX-License-Identifier: Apache-2.0
// 20,000 real flights: which origins have late ones? Three agents, two topics between them.
//
// Prints:
//   flights read                         20000
//   origins                                220
//   late flights                          1089
//   origins with late flights              118
//   batches                                 11
//   sum of delays, minutes              154078
//   committed flights[0]                  5000
//   committed flights[1]                  5000
//   committed flights[2]                  5000
//   committed flights[3]                  5000
//   committed flights-late-origin-repartition[0]       255
//   committed flights-late-origin-repartition[1]       349
//   committed flights-late-origin-repartition[2]       154
//   committed flights-late-origin-repartition[3]       331
//   committed late-by-origin[0]             11
//   messages still held                      0
//   flights/s                       *
#include <fmt/core.h>

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct flight {
    std::string date;  // YYYY/MM/DD HH:MM, local
    int delay;         // minutes late on arrival, negative is early
    int distance;      // miles
    std::string origin, destination;
};

struct totals {
    std::map<std::string, int> flights;  // by origin
    std::set<std::string> late_origins;
    long delays = 0;
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

    app.agent("origins", flights | weir::for_each([&](const flight& f) {
        ++sum.read;
        ++sum.flights[f.origin];
        sum.delays += f.delay;
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
    fmt::print("{:<32}{:>10}\n", "origins", sum.flights.size());
    fmt::print("{:<32}{:>10}\n", "late flights", sum.late);
    fmt::print("{:<32}{:>10}\n", "origins with late flights", sum.late_origins.size());
    fmt::print("{:<32}{:>10}\n", "batches", sum.batches);
    fmt::print("{:<32}{:>10}\n", "sum of delays, minutes", sum.delays);
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
