// SPDX-License-Identifier: Apache-2.0
#include "handle.hpp"

#include <atomic>
#include <future>
#include <system_error>
#include <thread>

namespace weir::transport::kafka {
namespace {

constexpr auto end_most = std::chrono::milliseconds{1000};
// While another one hangs, so that all of them end within the same limit.
constexpr auto end_quickly = std::chrono::milliseconds{100};

/// Threads that end a client. Of the process, as the threads are; they use it behind `main`.
std::atomic<int> ending = 0;

void destroy(rd_kafka_t* rk) {
    if (rd_kafka_type(rk) == RD_KAFKA_PRODUCER)  // what has no report by now gets none
        rd_kafka_purge(
            rk, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT | RD_KAFKA_PURGE_F_NON_BLOCKING);
    rd_kafka_destroy_flags(rk, RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE);
}

}  // namespace

without_signals::without_signals() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
}
without_signals::~without_signals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

handle::~handle() {
    const auto most = ending++ > 0 ? end_quickly : end_most;
    std::promise<void> over;
    const auto ended = over.get_future();
    try {
        const without_signals quiet;
        std::thread{[rk = rk, over = std::move(over)]() mutable {
            destroy(rk);
            --ending;
            over.set_value();
        }}.detach();
    } catch (const std::system_error&) {  // there is no thread to be had
        --ending;
        destroy(rk);
        return;
    }
    if (!hangs) ended.wait_for(most);
}

}  // namespace weir::transport::kafka
