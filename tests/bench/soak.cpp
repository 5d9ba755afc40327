// SPDX-License-Identifier: Apache-2.0
// Long runs: does anything grow? `./dev soak [MESSAGES]` on the embedded broker, `./dev soak kafka`
// on a real one; `./dev soak idle` sees what an app costs that has nothing to do.
//
// An app makes numbered orders, sends them to a topic, and reads them through filter, group_by and
// take. Once a second it looks at its own memory, descriptors and threads. What it has seen after
// the first minute, or after the first half of a shorter run, has to stay where it is.
#include <fmt/core.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ranges>
#include <string>
#include <vector>
#include <weir/weir.hpp>

#include "cpu.hpp"

namespace {

using namespace std::chrono_literals;
using steady = std::chrono::steady_clock;

constexpr long most_kb = 5 * 1024;  // up or down

/// What is under way to Kafka and from it takes the memory that its queues may have, now more and
/// now less: 20 MB, where they are large. Small ones do not hide what grows.
const weir::properties small_queues{{"queued.min.messages", "1000"},
                                    {"queued.max.messages.kbytes", "1024"},
                                    {"fetch.message.max.bytes", "131072"},
                                    {"queue.buffering.max.messages", "10000"}};

struct order {
    std::string account;
    long number;
    double price;
};

struct seen {
    steady::time_point at;
    long kb, descriptors, threads;
};

long entries(const char* folder) {
    return std::distance(std::filesystem::directory_iterator{folder}, {});
}
seen look() {
    long pages = 0, resident = 0;
    std::ifstream{"/proc/self/statm"} >> pages >> resident;
    return {steady::now(), resident * 4, entries("/proc/self/fd"), entries("/proc/self/task")};
}

/// Prints what was seen behind the start; true if nothing grew.
bool flat(const std::vector<seen>& all) {
    const auto begun = all.front().at, half = begun + (all.back().at - begun) / 2;
    const auto from = std::min(begun + 60s, half);
    std::vector<seen> later;
    std::copy_if(all.begin(), all.end(), std::back_inserter(later),
                 [&](auto& s) { return s.at >= from; });
    const auto [least, most] = std::ranges::minmax(later, {}, &seen::kb);
    const auto [few, many] = std::ranges::minmax(later, {}, &seen::descriptors);
    const auto [one, several] = std::ranges::minmax(later, {}, &seen::threads);
    fmt::print("memory {:.1f} to {:.1f} MB, descriptors {} to {}, threads {} to {}; {} looks\n",
               double(least.kb) / 1024, double(most.kb) / 1024, few.descriptors, many.descriptors,
               one.threads, several.threads, later.size());
    return most.kb - least.kb <= 2 * most_kb && few.descriptors == many.descriptors &&
           one.threads == several.threads;
}

int run(const std::string& broker, long messages) {
    weir::app app{"soak", {.broker = broker, .kafka = small_queues}};
    auto orders = app.topic<order>("soak-orders", {.partitions = 4});
    const auto made = [](long n) {
        return order{"account-" + std::to_string(n % 1000), n, double(n % 100)};
    };
    app.agent("make", weir::from(std::views::iota(0L, messages) | std::views::transform(made)) |
                          weir::to(orders));
    long read = 0, batched = 0, wrong = 0;
    const long wanted = messages - (messages + 9) / 10;
    app.agent("read", orders | weir::tap([&](const order&) { ++read; }) |
                          weir::filter([](const order& o) { return o.number % 10 != 0; }) |
                          weir::group_by(&order::account) | weir::take(100, 1s) |
                          weir::for_each([&](const weir::batch<order>& batch) {
                              for (auto& o : batch) {
                                  wrong += o.number % 10 == 0;
                                  ++batched;
                              }
                              if (batched >= wanted && read >= messages) app.stop();
                          }));
    std::vector<seen> all{look()};
    app.timer(1s, [&] { all.push_back(look()); });
    app.run();
    const double seconds = std::chrono::duration<double>(steady::now() - all.front().at).count();
    fmt::print("{} messages in {:.0f} s, {} behind group_by\n", read, seconds, batched);
    const bool good = flat(all) && wrong == 0 && read == messages && batched == wanted;
    fmt::print("{}\n", good ? "flat" : "NOT flat, or not complete");
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
}

int idle(const std::string& broker) {
    weir::app app{"soak-idle", {.broker = broker}};
    app.agent("read", app.topic<order>("soak-idle", {.partitions = 4}) |
                          weir::group_by(&order::account) | weir::take(100, 1s) |
                          weir::for_each([](const weir::batch<order>&) {}));
    double at = 0;
    int seconds = 0;
    app.timer(1s, [&] {  // the first ones belong to the start
        if (++seconds == 5) at = weir::bench::cpu_seconds();
        if (seconds == 35) {
            at = weir::bench::cpu_seconds() - at;
            app.stop();
        }
    });
    app.run();
    fmt::print("idle on {}: {:.2f} % of a core\n", broker, at / 30 * 100);
    return at / 30 < 0.01 ? EXIT_SUCCESS : EXIT_FAILURE;
}

}  // namespace

int main(int argc, char** argv) {
    std::vector<std::string> a{argv + 1, argv + argc};
    const auto take = [&](const char* word) { return std::erase(a, word) > 0; };
    std::string broker = "memory://";
    long messages = 100'000'000;
    if (take("kafka")) {
        const char* server = std::getenv("WEIR_TEST_KAFKA");
        if (!server) {
            fmt::print(stderr, "use ./dev soak kafka\n");
            return 2;
        }
        broker = std::string{"kafka://"} + server, messages = 20'000'000;
    }
    if (take("idle")) return idle(broker);
    return run(broker, a.empty() ? messages : std::atol(a[0].c_str()));
}
