// SPDX-License-Identifier: Apache-2.0
// Partitions that are read without the group.
#pragma once
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "callbacks.hpp"
#include "partition.hpp"
#include "properties.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// A consumer of its own that is in no group, so the group's consumer notices nothing: librdkafka's
/// simple consumer, with a queue for each partition. Made by the client for its first reader, and
/// destroyed before the list that its queues write to; used on the loop's thread. The readers that
/// it has opened may outlive it, and then have nothing more. Invariants: a partition has one reader
/// at a time; its queue stays for the next one, and is empty between them.
class readers final : callbacks {
public:
    static constexpr std::uint32_t own_number = std::uint32_t{1} << 31,
                                   first_partition = own_number + 1;

    readers(const configuration&, problems&, ready_list&);
    ~readers() override;

    std::unique_ptr<weir::transport::partition> open(const topic_partition&, offset from);
    /// The queue of this number is not empty any more.
    void ready(std::uint32_t number);
    void all_ready();
    /// Lets librdkafka call back: errors and log lines come in here. Tells which readers have had
    /// no answer for a long time: librdkafka does not tell that a topic may not be described.
    void serve();
    /// Its broker does not answer.
    void give_up() { shared_->from->hangs = true; }

private:
    using clock = std::chrono::steady_clock;
    static constexpr auto patience = std::chrono::seconds{10};
    class reader;
    struct watched {
        topic_handle topic{};
        queue_handle queue{};
        std::shared_ptr<slot> now{};  // null: nobody reads it
        clock::time_point asked{};    // when it began, or its silence was told
    };
    void close(watched&);
    bool ends_run(rd_kafka_resp_err_t e) const override { return is_gone(e); }
    /// That it goes on at the log's start: `take_lost` tells what is missing.
    bool is_expected(std::string_view facility) const override { return facility == "OFFSET"; }

    ready_list& ready_;
    const std::shared_ptr<read_state> shared_;
    rd_kafka_t* const rk_;
    const queue_handle main_;
    const std::shared_ptr<readers*> self_;  // null when this is gone
    std::map<topic_partition, std::uint32_t> numbers_{};
    std::vector<watched> watched_{};
};

}  // namespace weir::transport::kafka
