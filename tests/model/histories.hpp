// SPDX-License-Identifier: Apache-2.0
// The program around random histories: fixed seeds as a test; `--seed N` plays one and tells it,
// `--seconds N` plays fresh ones, `--runs N` so many. A crash and an endless loop print their seed.
#pragma once
#include <sys/time.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>
#include <filesystem>
#include <string>

namespace model {

/// A draw follows from the seed alone.
class draws {
public:
    explicit draws(std::uint64_t seed) : state_(seed * 2 + 1) {}
    /// 0 to n - 1.
    int operator()(int n) {
        state_ = state_ * 6364136223846793005u + 1442695040888963407u;
        return int((state_ >> 33) % std::uint64_t(n));
    }

private:
    std::uint64_t state_;
};

/// Where the members of one history have their snapshots: each that is alive in a directory of its
/// own. One that has stopped or was killed leaves it to the next.
class state_dirs {
public:
    explicit state_dirs(bool any) {
        if (!any) return;
        const std::filesystem::path shared = "/dev/shm";  // in memory, where there is one
        static int number = 0;
        path_ =
            (std::filesystem::exists(shared) ? shared : std::filesystem::temp_directory_path()) /
            ("weir-model-" + std::to_string(getpid()) + "-" + std::to_string(number++));
    }
    state_dirs(const state_dirs&) = delete;
    ~state_dirs() {
        if (!path_.empty()) std::filesystem::remove_all(path_);
    }
    /// `in_use(dir)`: of a member that is alive. Empty: members have no snapshots.
    template <class InUse>
    std::string free_one(InUse in_use) const {
        if (path_.empty()) return {};
        int n = 0;
        while (in_use((path_ / std::to_string(n)).string())) ++n;
        return (path_ / std::to_string(n)).string();
    }

private:
    std::filesystem::path path_{};
};

inline const char* histories_name = "";
inline volatile std::uint64_t playing = 0;

inline void say_seed(int signal) {
    char text[200];
    const int n = std::snprintf(text, sizeof text, "%s: %s; replay: --seed %llu\n", histories_name,
                                signal == SIGPROF ? "no end" : "a crash",
                                static_cast<unsigned long long>(playing));
    [[maybe_unused]] const auto written = write(2, text, std::size_t(n));
    std::signal(signal, SIG_DFL);
    if (signal == SIGPROF) std::_Exit(1);
}

/// Of one history: seconds of this process, not of the clock, since the machine may be busy. 0: it
/// has no limit any more.
inline void limit_cpu_time(int seconds) {
    const itimerval limit{{0, 0}, {seconds, 0}};
    setitimer(ITIMER_PROF, &limit, nullptr);
}

/// `one(seed, tell)` plays one history, and returns what was wrong.
template <class One>
bool play(std::uint64_t seed, One one, bool tell) {
    playing = seed;
    limit_cpu_time(60);
    std::string wrong;
    try {
        wrong = one(seed, tell);
    } catch (const std::exception& e) { wrong = std::string{"threw "} + e.what(); }
    limit_cpu_time(0);
    if (wrong.empty()) return true;
    std::printf("%s: seed %llu: %s\n", histories_name, static_cast<unsigned long long>(seed),
                wrong.c_str());
    std::fflush(stdout);
    return false;
}

template <class One>
int play_histories(const char* name, std::uint64_t runs, int argc, char** argv, One one) {
    histories_name = name;
    for (int s : {SIGPROF, SIGSEGV, SIGABRT, SIGFPE}) std::signal(s, say_seed);
    const auto asked = [&](const char* what) { return argc == 3 && !std::strcmp(argv[1], what); };
    const auto n_asked = argc == 3 ? std::strtoull(argv[2], nullptr, 10) : 0;
    if (asked("--seed")) return play(n_asked, one, true) ? 0 : 1;
    std::uint64_t from = 1, failed = 0, n = 0;
    auto until = std::chrono::steady_clock::time_point::max();
    if (asked("--seconds")) {
        from = std::uint64_t(std::chrono::system_clock::now().time_since_epoch().count());
        runs = ~std::uint64_t{0} - from;
        until = std::chrono::steady_clock::now() + std::chrono::seconds{n_asked};
    }
    if (asked("--runs")) runs = n_asked;
    for (; n < runs && failed < 10 && std::chrono::steady_clock::now() < until; ++n)
        failed += !play(from + n, one, false);
    // tests/tidy/count.py counts such lines.
    std::printf("%s %s: %llu histories, %llu wrong\n", failed ? "FAIL" : "PASS", name,
                static_cast<unsigned long long>(n), static_cast<unsigned long long>(failed));
    return failed ? 1 : 0;
}

}  // namespace model
