// SPDX-License-Identifier: Apache-2.0
// Jobs on a real broker, by weir and by hand in turns, each run in a process of its own; the
// medians of the ratios of neighbouring runs. `./dev bench kafka [JOB…]`.
//
// WEIR_TEST_KAFKA is the broker (the runner sets it); WEIR_BENCH_MESSAGES (5,000,000) and
// WEIR_BENCH_PAIRS (11) make it shorter.
#include <fmt/core.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "jobs.hpp"

namespace weir::bench::kafka {
namespace {

struct figures {
    double rate = 0, cpu = 0, loop = 0;
    long peak = 0;
};
/// What is wanted of a job: its rate and the process's CPU time a message, against by hand.
struct bound {
    const char* job;
    double rate, cpu;
};
constexpr std::array bounds{bound{"consume", 0.97, 1.05},  bound{"decode", 0.95, 1.08},
                            bound{"forward", 0.95, 1.08},  bound{"map", 0.95, 1.08},
                            bound{"group_by", 0.92, 1.12}, bound{"restore", 0.70, 2.00}};

long number(const char* name, long otherwise) {
    const char* text = std::getenv(name);
    return text ? std::atol(text) : otherwise;
}

figures run(const std::string& self, const std::string& side, const job& j) {
    const auto command =
        fmt::format("{} {} {} {} {} {}", self, side, j.name, j.broker, j.id, j.messages);
    auto* from = ::popen(command.c_str(), "r");
    figures f;
    const auto got = std::fscanf(from, "%lf %lf %lf %ld", &f.rate, &f.cpu, &f.loop, &f.peak);
    if (::pclose(from) != 0 || got != 4) {
        fmt::print(stderr, "failed: {}\n", command);
        std::exit(1);
    }
    remove_topics(j.broker, j.id);
    return f;
}

struct median {
    double low, middle, high;  // quartiles
};
median of(std::vector<double> all) {
    std::sort(all.begin(), all.end());
    return {all[all.size() / 4], all[all.size() / 2], all[(all.size() * 3) / 4]};
}

void compare(const std::string& self, const std::string& broker, const bound& b, long messages,
             long pairs) {
    std::vector<double> rate, cpu, ours, theirs, our_cpu, their_cpu, our_loop, their_loop, peak;
    for (long i = 0; i < pairs; ++i) {
        const auto id = fmt::format("bench-{}-{}-{}", b.job, i, long(now_seconds() * 1000));
        figures w, h;
        const auto weir = [&] { w = run(self, "weir", {b.job, broker, id + "-w", messages}); };
        const auto hand = [&] { h = run(self, "hand", {b.job, broker, id + "-h", messages}); };
        if (i % 2 == 0) {
            weir();
            hand();
        } else {
            hand();
            weir();
        }
        rate.push_back(w.rate / h.rate);
        cpu.push_back(w.cpu / h.cpu);
        ours.push_back(w.rate);
        theirs.push_back(h.rate);
        our_cpu.push_back(w.cpu);
        their_cpu.push_back(h.cpu);
        our_loop.push_back(w.loop);
        their_loop.push_back(h.loop);
        peak.push_back(double(w.peak - h.peak) / 1024);
    }
    const auto r = of(rate), c = of(cpu);
    fmt::print("{:9} rate {:.2f} [{:.2f}, {:.2f}]{} CPU {:.2f} [{:.2f}, {:.2f}]{}  "
               "{:.2f} against {:.2f} M/s, process {:.0f} against {:.0f} ns, loop {:.0f} against "
               "{:.0f} ns, peak {:+.0f} MB\n",
               b.job, r.middle, r.low, r.high, r.middle >= b.rate ? "  " : " !", c.middle, c.low,
               c.high, c.middle <= b.cpu ? "  " : " !", of(ours).middle / 1e6,
               of(theirs).middle / 1e6, of(our_cpu).middle, of(their_cpu).middle,
               of(our_loop).middle, of(their_loop).middle, of(peak).middle);
    std::fflush(stdout);
}

int compare_all(const std::string& self, const std::vector<std::string>& wanted) {
    const char* broker = std::getenv("WEIR_TEST_KAFKA");
    if (!broker) {
        fmt::print(stderr, "WEIR_TEST_KAFKA names no broker: use ./dev bench kafka\n");
        return 2;
    }
    const auto messages = number("WEIR_BENCH_MESSAGES", 5'000'000);
    const auto pairs = number("WEIR_BENCH_PAIRS", 11);
    fill(broker, messages);
    fmt::print("{} messages, {} pairs, median of the ratios weir / by hand [quartiles]; ! misses "
               "its bound\n",
               messages, pairs);
    const auto asked = [&](const char* name) {
        return wanted.empty() || std::find(wanted.begin(), wanted.end(), name) != wanted.end();
    };
    if (asked("restore")) fill_table({"table", broker, table_app, messages});
    for (auto& b : bounds)
        if (asked(b.job)) compare(self, broker, b, messages, pairs);
    if (asked("stall")) {
        const auto f = run(self, "weir", {"stall", broker, "bench-stall", messages});
        fmt::print("stall     {} MB at most while an agent stands still for 10 s before the "
                   "backlog{}\n",
                   f.peak / 1024, f.peak <= 96 * 1024 ? "" : " !");
    }
    return 0;
}

}  // namespace
}  // namespace weir::bench::kafka

int main(int argc, char** argv) {
    using namespace weir::bench::kafka;
    const std::vector<std::string> a{argv + 1, argv + argc};
    if (a.size() == 5 && (a[0] == "weir" || a[0] == "hand")) {
        const job j{a[1], a[2], a[3], std::atol(a[4].c_str())};
        if (a[0] == "weir") by_weir(j);
        else by_hand(j);
        return 0;
    }
    return compare_all(argv[0], a);
}
