// SPDX-License-Identifier: Apache-2.0
// What the Kafka benchmark's two sides share: the job, the clock, what a run has cost.
#pragma once
#include <sys/resource.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <string>

#include "../cpu.hpp"
#include "../orders.hpp"

namespace weir::bench::kafka {

struct charge {
    std::string account_id;
    double total;
};

/// One run of one side, in a process of its own.
struct job {
    std::string name, broker;
    std::string id;  // of this run: names the group and what is written
    long messages;
};

inline double loop_seconds() {
    timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return double(t.tv_sec) + double(t.tv_nsec) / 1e9;
}
inline double now_seconds() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

/// From the assignment to the last message.
class meter {
public:
    void start() {
        if (wall_ == 0) {
            wall_ = now_seconds();
            cpu_ = cpu_seconds();
            loop_ = loop_seconds();
        }
    }
    /// Prints messages a second, nanoseconds of the process and of the loop's thread a message, and
    /// the largest resident size in kB.
    void stop(long messages) const {
        const double wall = now_seconds() - wall_, cpu = cpu_seconds() - cpu_,
                     loop = loop_seconds() - loop_;
        const double n = double(messages);
        rusage r;
        getrusage(RUSAGE_SELF, &r);
        std::printf("%.0f %.1f %.1f %ld\n", n / wall, cpu / n * 1e9, loop / n * 1e9, r.ru_maxrss);
        std::fflush(stdout);
    }

private:
    double wall_ = 0, cpu_ = 0, loop_ = 0;
};

// What the job "restore" restores: the changelog of a table with a row for each order.
inline constexpr const char* table_app = "bench-table";
inline constexpr const char* table_changelog = "bench-table-seen-changelog";

void by_weir(const job&);
/// Makes that changelog.
void fill_table(const job&);
void by_hand(const job&);

/// Fills topic "orders" with so many JSON orders of 10,000 accounts, if it has fewer.
void fill(const std::string& broker, long messages);
void remove_topics(const std::string& broker, const std::string& containing);

}  // namespace weir::bench::kafka
