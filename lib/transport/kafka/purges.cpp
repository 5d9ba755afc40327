// SPDX-License-Identifier: Apache-2.0
#include "purges.hpp"

#include <memory>
#include <string>
#include <utility>

namespace weir::transport::kafka {
namespace {

using request =
    std::unique_ptr<rd_kafka_DeleteRecords_t, destroyed_by<rd_kafka_DeleteRecords_destroy>>;

}  // namespace

purges::purges(producer& p, problems& w, ready_list& ready, std::uint32_t number)
    : producer_(p), problems_(w), answers_(rd_kafka_queue_new(p.handle())) {
    ready.watch(answers_.get(), number);
}
purges::~purges() { ready_list::unwatch(answers_.get()); }

void purges::send(std::span<const position> below) {
    auto list = new_list(below.size());
    for (auto& [tp, offset] : below) add(list, tp).offset = offset;
    const request one{rd_kafka_DeleteRecords_new(list.get())};
    auto* asked = one.get();
    rd_kafka_DeleteRecords(producer_.handle(), &asked, 1, nullptr, answers_.get());
}

void purges::collect() {
    while (const event_handle event{rd_kafka_queue_poll(answers_.get(), 0)}) {
        const auto e = rd_kafka_event_error(event.get());
        const auto* result = rd_kafka_event_DeleteRecords_result(event.get());
        if (e != RD_KAFKA_RESP_ERR_NO_ERROR || !result) {
            failed(e, nullptr);
            continue;
        }
        const auto* of_each = rd_kafka_DeleteRecords_result_offsets(result);
        for (int i = 0; i < of_each->cnt; ++i)
            if (const auto& p = of_each->elems[i]; p.err != RD_KAFKA_RESP_ERR_NO_ERROR)
                failed(p.err, p.topic);
    }
}

void purges::failed(rd_kafka_resp_err_t e, const char* topic) {
    if (std::exchange(told_, true)) return;
    const auto where = topic ? "'" + std::string{topic} + "'" : std::string{"internal topics"};
    problems_.add({"what is finished of " + where + " cannot be deleted: " + rd_kafka_err2str(e) +
                   "; the topic grows, nothing is lost (app_options::purge_internal)"});
}

}  // namespace weir::transport::kafka
