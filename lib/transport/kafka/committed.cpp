// SPDX-License-Identifier: Apache-2.0
#include "committed.hpp"

#include <unistd.h>

#include <chrono>
#include <mutex>
#include <thread>
#include <utility>

namespace weir::transport::kafka {
namespace {

constexpr int answer_ms = 10'000;
// before an error is told: then it is asked again
constexpr auto error_pause = std::chrono::seconds{1};

/// Of a partition. A topic that is gone has no commit.
rd_kafka_resp_err_t first_error(const partition_list& of) {
    for (auto& p : elements(of))
        if (p.err != RD_KAFKA_RESP_ERR_NO_ERROR && p.err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            return p.err;
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

}  // namespace

struct committed_question::shared {
    std::shared_ptr<handle> from;
    partition_list asked;
    int wakes;
    std::uint32_t number;
    std::mutex lock{};  // guards what follows
    std::unique_ptr<answer> told{};

    void ask() {
        auto e = rd_kafka_committed(from->rk, asked.get(), answer_ms);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR) e = first_error(asked);
        if (e != RD_KAFKA_RESP_ERR_NO_ERROR && e != RD_KAFKA_RESP_ERR__TIMED_OUT)
            std::this_thread::sleep_for(error_pause);
        from.reset();
        {
            std::lock_guard held{lock};
            told = std::make_unique<answer>(answer{e, std::move(asked)});
        }
        if (wakes < 0) return;  // the client is polled once a second in any case
        [[maybe_unused]] const auto written = ::write(wakes, &number, sizeof number);
        ::close(wakes);
    }
};

committed_question::committed_question(std::shared_ptr<handle> h, const partition_list& of,
                                       const ready_list& ready, std::uint32_t number)
    : with_(new shared{std::move(h), partition_list{rd_kafka_topic_partition_list_copy(of.get())},
                       ready.writer(), number}) {
    const without_signals quiet;
    std::thread{[with = with_] { with->ask(); }}.detach();
}

std::unique_ptr<committed_question::answer> committed_question::take() {
    std::lock_guard held{with_->lock};
    return std::move(with_->told);
}

}  // namespace weir::transport::kafka
