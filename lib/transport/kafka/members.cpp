// SPDX-License-Identifier: Apache-2.0
#include "members.hpp"

#include <algorithm>
#include <utility>

namespace weir::transport::kafka {

members::members(producer& p, problems& w, ready_list& ready, std::uint32_t number,
                 std::string group)
    : producer_(p),
      problems_(w),
      group_(std::move(group)),
      answers_(rd_kafka_queue_new(p.handle())) {
    ready.watch(answers_.get(), number);
}
members::~members() { ready_list::unwatch(answers_.get()); }

void members::serve(const std::string& self) {
    if (asked_ || self.empty() || clock::now() < asks_at_) return;
    self_ = self;
    asked_ = true;
    const char* group = group_.c_str();
    rd_kafka_DescribeConsumerGroups(producer_.handle(), &group, 1, nullptr, answers_.get());
}

void members::collect() {
    while (const event_handle event{rd_kafka_queue_poll(answers_.get(), 0)}) {
        asked_ = false;
        asks_at_ = clock::now() + interval;
        const auto* result = rd_kafka_event_DescribeConsumerGroups_result(event.get());
        if (rd_kafka_event_error(event.get()) != RD_KAFKA_RESP_ERR_NO_ERROR || !result) {
            failed(rd_kafka_event_error_string(event.get()));
            continue;
        }
        std::size_t n = 0;
        auto** all = rd_kafka_DescribeConsumerGroups_result_groups(result, &n);
        if (n > 0) take(*all[0]);
    }
}

void members::take(const rd_kafka_ConsumerGroupDescription_t& of) {
    if (const auto* e = rd_kafka_ConsumerGroupDescription_error(&of))
        return failed(rd_kafka_error_string(e));
    failures_ = 0;
    std::vector<group_member> all;
    for (std::size_t i = 0; i < rd_kafka_ConsumerGroupDescription_member_count(&of); ++i) {
        const auto* m = rd_kafka_ConsumerGroupDescription_member(&of, i);
        auto& one = all.emplace_back(group_member{rd_kafka_MemberDescription_consumer_id(m)});
        one.is_self = one.id == self_;
        const auto* has = rd_kafka_MemberDescription_assignment(m);
        const auto* list = has ? rd_kafka_MemberAssignment_partitions(has) : nullptr;
        for (int k = 0; list && k < list->cnt; ++k)
            one.partitions.push_back(partition_of(list->elems[k]));
    }
    const bool names_this = std::any_of(all.begin(), all.end(), [](auto& m) { return m.is_self; });
    const bool is_settled =
        rd_kafka_ConsumerGroupDescription_state(&of) == RD_KAFKA_CONSUMER_GROUP_STATE_STABLE;
    if (names_this && is_settled) answer_ = std::move(all);
    else changed();
}

bool members::tell(listener& to) {
    if (!answer_) return false;
    to.members(*std::exchange(answer_, {}));
    return true;
}

void members::failed(const char* why) {
    constexpr int told_at = 3;  // a coordinator that has just started refuses the first ones
    if (++failures_ < told_at) return changed();
    if (failures_ > told_at) return;
    problems_.add({"who is in group '" + group_ + "' cannot be asked: " + why +
                   "; no copies of tables are kept by it (table_options::standby)"});
}

}  // namespace weir::transport::kafka
