// SPDX-License-Identifier: Apache-2.0
// Which of librdkafka's queues have something: they say so by a number in a pipe.
#pragma once
#include <cstddef>
#include <cstdint>
#include <vector>

#include "handles.hpp"

namespace weir::transport::kafka {

/// A pipe that librdkafka's threads write queue numbers into, and a timer of a second, behind one
/// descriptor. Owned by the client; it must outlive every queue that it watches. Used on the loop's
/// thread, except for the writes. Invariants: a queue writes when it becomes non-empty, so a number
/// that was collected counts until its queue has been read empty. If the pipe may have been full,
/// numbers may be missing, so every queue counts as ready.
class ready_list {
public:
    ready_list();
    ready_list(const ready_list&) = delete;
    ready_list& operator=(const ready_list&) = delete;
    ~ready_list();

    void watch(rd_kafka_queue_t*, std::uint32_t number);
    static void unwatch(rd_kafka_queue_t*);
    int fd() const { return epoll_; }
    /// A descriptor that numbers are written to, for a thread that may outlive this; it closes it.
    int writer() const;

    struct collected {
        const std::vector<std::uint32_t>& numbers;
        bool all = false;   // every queue has to be looked at
        bool tick = false;  // a second is over
    };
    /// What has become ready since the last call.
    collected collect();

private:
    int read_ = -1, write_ = -1, timer_ = -1, epoll_ = -1;
    std::size_t capacity_ = 0;  // numbers
    std::vector<std::uint32_t> numbers_{};
};

}  // namespace weir::transport::kafka
