// SPDX-License-Identifier: Apache-2.0
// Runs the rows whose name contains one of the arguments (none: all) and prints the table. Google
// Benchmark decides how many passes a run takes and averages them; this file takes turns between
// the sides and compares.
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "pairs.hpp"

// ---------------------------------------------------------------------------- counting allocations
namespace {

thread_local std::size_t allocated = 0;

void* take(std::size_t size, std::size_t align = 0) {
    ++allocated;
    if (size == 0) size = 1;
    void* p =
        align ? std::aligned_alloc(align, (size + align - 1) / align * align) : std::malloc(size);
    if (!p) throw std::bad_alloc{};
    return p;
}

}  // namespace

std::size_t weir::bench::allocations() noexcept { return allocated; }

// The other forms of the standard library end in these. Not inlined: g++ would warn of what it then
// sees.
[[gnu::noinline]] void* operator new(std::size_t size) { return take(size); }
[[gnu::noinline]] void* operator new(std::size_t size, std::align_val_t align) {
    return take(size, std::size_t(align));
}
[[gnu::noinline]] void operator delete(void* p) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::align_val_t) noexcept { std::free(p); }
[[gnu::noinline]] void operator delete(void* p, std::size_t, std::align_val_t) noexcept {
    std::free(p);
}

namespace weir::bench {
namespace {

// ----------------------------------------------------------------------------------------- one run
struct figure {
    double ns = 0, allocations = 0;  // a message
};

/// Takes what Google Benchmark measured, where it would be printed.
class taker final : public benchmark::BenchmarkReporter {
public:
    bool ReportContext(const Context&) override { return true; }
    void ReportRuns(const std::vector<Run>& runs) override {
        for (auto& run : runs) {
            last.ns = run.GetAdjustedRealTime();
            const auto found = run.counters.find("allocations");
            last.allocations = found == run.counters.end() ? 0 : double(found->second.value);
        }
    }
    figure last;
};

/// Rows are known to Google Benchmark by number and side, so that one of them can be asked for
/// exactly.
class runner {
public:
    runner(const row& r, std::size_t number) : row_(r), id_(std::to_string(number)) {
        add("a", row_.of.a);
        if (row_.of.b) add("b", row_.of.b);
    }
    figure run(const char* which) {
        benchmark::RunSpecifiedBenchmarks(&taker_, "^" + id_ + "/" + which + "/.*");
        if (!error_.empty()) throw std::runtime_error(error_);
        const auto messages = double(row_.of.messages);
        return {taker_.last.ns / messages, taker_.last.allocations / messages};
    }

private:
    void add(const char* which, const side& body) {
        auto* b = benchmark::RegisterBenchmark(
            (id_ + "/" + which).c_str(), [&body, this](benchmark::State& state) {
                std::size_t allocations = 0;
                for ([[maybe_unused]] auto _ : state) {
                    pass p;
                    try {
                        body(p);
                    } catch (const std::exception& e) {
                        error_ = e.what();
                        state.SkipWithError("threw");
                        break;
                    }
                    state.SetIterationTime(p.time.count() / 1e9);
                    allocations += p.allocations;
                }
                state.counters["allocations"] =
                    benchmark::Counter(double(allocations), benchmark::Counter::kAvgIterations);
            });
        b->UseManualTime()->Unit(benchmark::kNanosecond);
        if (row_.of.one_pass) b->Iterations(1);
        else b->MinTime(0.03);
    }

    const row& row_;
    std::string id_, error_;
    taker taker_;
};

// ------------------------------------------------------------------------------------ many of them
struct summary {
    double low = 0, median = 0, high = 0;
};
/// Of so many, how many at either end are outside the interval.
std::size_t trimmed(std::size_t n) { return n >= 8 ? 1 : 0; }

summary of(std::vector<double> v) {
    std::sort(v.begin(), v.end());
    const auto n = v.size(), k = trimmed(n);
    return {v[k], n % 2 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2, v[n - 1 - k]};
}
/// How sure it is that the true median lies between the ends of such an interval: that not all (but
/// k) are on one side.
double coverage(std::size_t n) {
    double outside = 1;
    if (trimmed(n)) outside += double(n);
    return 1 - 2 * outside / std::pow(2., double(n));
}

std::string time(double ns) {
    char text[32];
    const bool s = std::abs(ns) >= 1e9, ms = !s && std::abs(ns) >= 1e6;
    std::snprintf(text, sizeof text, "%.2f %s",
                  s    ? ns / 1e9
                  : ms ? ns / 1e6
                       : ns,
                  s    ? "s"
                  : ms ? "ms"
                       : "ns");
    return text;
}
std::string number(const char* format, double x) {
    char text[32];
    std::snprintf(text, sizeof text, format, x);
    return text;
}

void print(const std::string& name, const std::string& a, const std::string& b,
           const std::string& ratio, const std::string& interval, const std::string& above,
           const std::string& allocations, const std::string& wanted) {
    std::printf("%-66s %10s %10s %6s  %-22s %10s %7s  %s\n", name.c_str(), a.c_str(), b.c_str(),
                ratio.c_str(), interval.c_str(), above.c_str(), allocations.c_str(),
                wanted.c_str());
    std::fflush(stdout);
}

/// What is wanted, and whether it is so.
std::string verdict(const bounds& wanted, double ns, double above, double ratio,
                    double allocations) {
    std::string said;
    bool missed = false;
    const auto bound = [&](bool is_met, const std::string& what) {
        said += (said.empty() ? "<= " : ", <= ") + what;
        missed |= !is_met;
    };
    if (auto w = wanted.at_most) bound(ns <= w->count(), time(w->count()));
    if (auto w = wanted.above) bound(above <= w->count(), time(w->count()) + " above");
    if (auto w = wanted.ratio) bound(ratio <= *w, number("%.2f times", *w));
    if (auto w = wanted.allocations) bound(allocations <= *w, number("%g allocations", *w));
    return said.empty() ? said : said + (missed ? "  MISSED" : "  ok");
}

void measure(const row& r, std::size_t nth) {
    runner sides{r, nth};
    const bool two = bool(r.of.b);
    std::vector<double> a, b, ratio, above, allocations;
    sides.run("a");  // warms up
    if (two) sides.run("b");
    for (int i = 0; i < r.of.runs; ++i) {
        const auto ours = sides.run("a");
        a.push_back(ours.ns);
        allocations.push_back(ours.allocations);
        if (!two) continue;
        b.push_back(sides.run("b").ns);
        ratio.push_back(a.back() / b.back());
        above.push_back(a.back() - b.back());
    }
    const auto ns = of(a), counted = of(allocations);
    if (two) {
        const auto by = of(ratio), more = of(above);
        print(r.name, time(ns.median), time(of(b).median), number("%.2f", by.median),
              "[" + number("%.2f", by.low) + ", " + number("%.2f", by.high) + "]",
              time(more.median), number("%.3f", counted.median),
              verdict(r.of.wanted, ns.median, more.median, by.median, counted.median));
    } else {
        print(r.name, time(ns.median), "", "", "[" + time(ns.low) + ", " + time(ns.high) + "]", "",
              number("%.3f", counted.median),
              verdict(r.of.wanted, ns.median, 0, 0, counted.median));
    }
}

bool chosen(const std::string& name, const std::vector<std::string_view>& filters) {
    return filters.empty() || std::any_of(filters.begin(), filters.end(), [&](std::string_view f) {
               return name.find(f) != std::string::npos;
           });
}

int run(const std::vector<std::string_view>& arguments) {
    auto filters = arguments;
    const bool list = std::erase(filters, "--list") > 0;
    if (std::any_of(filters.begin(), filters.end(),
                    [](std::string_view f) { return f.starts_with("-"); })) {
        std::puts("usage: bench [--list] [part of a row's name]...");
        return 2;
    }
    std::stable_sort(
        rows().begin(), rows().end(), [](auto& x, auto& y) {  // by topic: what is before the colon
            return x.name.substr(0, x.name.find(':')) < y.name.substr(0, y.name.find(':'));
        });
    std::size_t n = 0;
    for (const row& r : rows()) {
        if (!chosen(r.name, filters)) continue;
        if (list) {
            std::puts(r.name.c_str());
        } else {
            if (n++ == 0)
                print("a message", "a", "b", "a / b", "interval", "a - b", "allocs", "wanted");
            try {
                measure(r, n);
            } catch (const std::exception& e) {
                print(r.name, "-", "", "", "", "", "", std::string("failed: ") + e.what());
            }
        }
    }
    if (!list && n == 0) {
        std::puts("no row has such a name; --list shows them");
        return 2;
    }
    if (!list)
        std::printf(
            "Medians of 11 runs (compile: 5), the sides by turns. Interval: of a / b, or of a "
            "where there is no b; "
            "from the second\nsmallest to the second largest of 11 (%.1f %% sure to hold the true "
            "median), from "
            "the smallest to the largest of 5 (%.1f %%).\n",
            100 * coverage(11), 100 * coverage(5));
    return 0;
}

}  // namespace
}  // namespace weir::bench

int main(int argc, char** argv) { return weir::bench::run({argv + 1, argv + argc}); }
