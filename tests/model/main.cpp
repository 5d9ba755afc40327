// SPDX-License-Identifier: Apache-2.0
// Random pipelines against an interpreter. As a test: fixed seeds. `--seed N` plays one and tells
// it, `--seconds N` plays fresh ones.
#define DOCTEST_CONFIG_IMPLEMENT
#include <doctest/doctest.h>

#include <unistd.h>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <set>
#include <string>
#include <utility>

#include "histories.hpp"
#include "shapes.hpp"
#include "world.hpp"

namespace {

volatile std::uint64_t playing = 0;

void say_seed(int signal) {
    char text[200];
    const int n = std::snprintf(text, sizeof text, "model: %s; replay: ./dev fuzz --seed %llu\n",
                                signal == SIGPROF ? "no end" : "a crash",
                                static_cast<unsigned long long>(playing));
    [[maybe_unused]] const auto written = write(2, text, std::size_t(n));
    std::signal(signal, SIG_DFL);
    if (signal == SIGPROF) std::_Exit(1);
}

/// False: something was wrong, and has been told.
bool play(std::uint64_t seed, bool tell = false) {
    playing = seed;
    model::limit_cpu_time(60);
    const auto s = model::generate(seed);
    if (tell) {
        std::printf("%s", model::words(s).c_str());
        std::fflush(stdout);
    }
    const auto wrong = model::play(s);
    model::limit_cpu_time(0);
    if (wrong.empty()) return true;
    std::printf("model: %s\nreplay: ./dev fuzz --seed %llu\n%s", wrong.c_str(),
                static_cast<unsigned long long>(seed), tell ? "" : model::words(s).c_str());
    std::fflush(stdout);
    return false;
}

/// Seeds beyond the first ones that have found something.
constexpr std::uint64_t met[] = {5750,
                                 21744,
                                 63405,
                                 83730,
                                 1795656056111228469,
                                 1795656976156967771,
                                 1795659814676128464,
                                 1795661618934979544};

std::uint64_t number(const char* text) { return std::strtoull(text, nullptr, 10); }

}  // namespace

TEST_CASE("every pair of operators that can be neighbours is in a compiled block") {
    using model::op;
    std::set<std::pair<op, op>> there;
    for (auto* all : {&model::blocks(), &model::ends()})
        for (auto& ops : *all)
            for (std::size_t i = 1; i < ops.size(); ++i) there.emplace(ops[i - 1], ops[i]);
    const auto wraps = [](op x) { return x == op::items || x == op::events || x == op::enumerate; };
    for (auto a = op::map; a <= op::echo; a = op(int(a) + 1))
        for (auto b = op::map; b <= op::echo; b = op(int(b) + 1)) {
            // A batch is looked at and taken apart; what is not a plain value has no codec; and
            // noack is for events.
            if (a == op::take ? b != op::tap && b != op::parts : b == op::parts && a != op::tap)
                continue;
            if (wraps(a) && b >= op::group_by) continue;
            if (a == op::noack || b == op::noack) continue;
            INFO(model::name(a), " | ", model::name(b));
            CHECK(there.contains({a, b}));
        }
}

TEST_CASE("random pipelines do what the interpreter says: the fixed seeds") {
    const char* given = std::getenv("WEIR_MODEL_RUNS");
    const auto runs = given ? number(given) : std::uint64_t{WEIR_MODEL_RUNS};
    int wrong = 0;
    for (auto seed : met) wrong += !play(seed);
    for (std::uint64_t seed = 1; seed <= runs && wrong < 5; ++seed) wrong += !play(seed);
    CHECK(wrong == 0);
}

int main(int argc, char** argv) {
    std::signal(SIGABRT, say_seed);
    std::signal(SIGSEGV, say_seed);
    std::signal(SIGPROF, say_seed);
    if (argc == 3 && !std::strcmp(argv[1], "--seed")) return play(number(argv[2]), true) ? 0 : 1;
    if (argc >= 3 && !std::strcmp(argv[1], "--seconds")) {
        const auto now = std::chrono::steady_clock::now;
        const auto end = now() + std::chrono::seconds{number(argv[2])};
        auto seed = std::uint64_t(std::chrono::system_clock::now().time_since_epoch().count());
        if (argc > 3) seed = number(argv[3]);
        std::printf("from seed %llu on\n", static_cast<unsigned long long>(seed));
        std::uint64_t runs = 0;
        for (; now() < end; ++runs, ++seed)
            if (!play(seed)) return 1;
        std::printf("%llu scenarios, nothing was wrong\n", static_cast<unsigned long long>(runs));
        return 0;
    }
    doctest::Context context{argc, argv};
    return context.run();
}
