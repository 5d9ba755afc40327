// SPDX-License-Identifier: Apache-2.0
// Which faults happen when: decided by a seed, before anything runs.
#pragma once
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace tests::torture {

inline constexpr int workers_at_first = 3, workers_max = 5;
inline constexpr auto session_timeout = std::chrono::milliseconds{3000};

enum class action {
    start,  // a worker
    kill,   // a worker, by SIGKILL
    stop,   // a worker, by SIGSTOP
    go_on,  // a worker, by SIGCONT
    leave,  // a worker, by SIGTERM
    kill_broker,
    start_broker,
};

struct step {
    std::chrono::milliseconds at{};
    action what{};
    int worker = -1;  // -1: the broker
    bool operator==(const step&) const = default;
};

/// The first workers_at_first workers run at the beginning. At the end of the schedule nobody is
/// stopped, the broker runs, and so does a worker.
std::vector<step> make_schedule(std::uint64_t seed, std::chrono::milliseconds length);

/// "12.3 s: kill w1"
std::string text(const step&);

}  // namespace tests::torture
