// SPDX-License-Identifier: Apache-2.0
#include "commits.hpp"

#include <utility>

#include "errors.hpp"

namespace weir::transport::kafka {

commits::commits(rd_kafka_t* rk, ready_list& ready, std::uint32_t number)
    : rk_(rk), queue_(rd_kafka_queue_new(rk)) {
    ready.watch(queue_.get(), number);
}

void commits::send(std::span<const position> positions) {
    auto list = new_list(positions.size());
    for (auto& [tp, offset] : positions) add(list, tp).offset = offset;
    const auto e = rd_kafka_commit_queue(rk_, list.get(), queue_.get(), answered, this);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) note(e, list.get());
}

std::vector<commit_result> commits::answers() {
    while (rd_kafka_queue_poll_callback(queue_.get(), 0) > 0) {}
    return std::exchange(answers_, {});
}

void commits::answered(rd_kafka_t*, rd_kafka_resp_err_t e, rd_kafka_topic_partition_list_t* list,
                       void* me) {
    static_cast<commits*>(me)->note(e, list);
}

/// One bad partition makes librdkafka report the whole commit as failed, although the broker may
/// have taken the other partitions. Their offsets are committed once more.
void commits::note(rd_kafka_resp_err_t e, const rd_kafka_topic_partition_list_t* list) {
    commit_result r;
    for (int i = 0; list && i < list->cnt; ++i) {
        const auto& p = list->elems[i];
        r.positions.push_back({partition_of(p), p.offset});
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR) e = p.err;
    }
    r.error = commit_error_of(e);
    if (r.error != commit_error::none) r.text = commit_text(e);
    answers_.push_back(std::move(r));
}

}  // namespace weir::transport::kafka
