// SPDX-License-Identifier: Apache-2.0
// What a group has committed of new partitions.
#pragma once
#include <memory>

#include "handle.hpp"
#include "handles.hpp"
#include "ready_list.hpp"

namespace weir::transport::kafka {

/// A question, and its answer once it is there. librdkafka's call waits for the group's
/// coordinator, so a thread of its own makes it; that shares the handle and may outlive this. Made
/// and looked at on the loop's thread.
class committed_question {
public:
    /// `number` is written to the list when the answer is there.
    committed_question(std::shared_ptr<handle>, const partition_list& of, const ready_list&,
                       std::uint32_t number);

    struct answer {
        rd_kafka_resp_err_t error;
        partition_list offsets;
    };
    /// Null: not yet. Given once.
    std::unique_ptr<answer> take();

private:
    struct shared;
    std::shared_ptr<shared> with_;
};

}  // namespace weir::transport::kafka
