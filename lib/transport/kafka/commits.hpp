// SPDX-License-Identifier: Apache-2.0
// Commits that are under way.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <weir/transport/transport.hpp>

#include "handles.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// Sends commits and collects their answers, on a queue of their own: an answer that came on the
/// consumer's would be called back wherever that is polled. Owned by the consumer, gone before its
/// handle; on the loop's thread.
class commits {
public:
    commits(rd_kafka_t*, ready_list&, std::uint32_t number);
    commits(const commits&) = delete;
    commits& operator=(const commits&) = delete;
    ~commits() { ready_list::unwatch(queue_.get()); }

    void send(std::span<const position>);
    /// What has been answered since the last call.
    std::vector<commit_result> answers();

private:
    static void answered(rd_kafka_t*, rd_kafka_resp_err_t, rd_kafka_topic_partition_list_t*,
                         void* me);
    void note(rd_kafka_resp_err_t, const rd_kafka_topic_partition_list_t*);

    rd_kafka_t* const rk_;
    const queue_handle queue_;
    std::vector<commit_result> answers_{};
};

}  // namespace weir::transport::kafka
