// SPDX-License-Identifier: Apache-2.0
#include "starts.hpp"

#include <algorithm>

namespace weir::transport::kafka {
namespace {

// Asked only of partitions that were found late, and only where others start at their end.
constexpr int committed_timeout_ms = 5000;

}  // namespace

starts::starts(rd_kafka_t* rk, topics& t, problems& p, reset common)
    : rk_(rk), topics_(t), problems_(p), common_(common) {}

void starts::subscribed(std::span<const subscription> to) {
    for (auto& [name, from] : to) {
        if (from == reset::latest && !std::exchange(looked_, true)) at_first_ = topics_.all();
        if (name.starts_with('^') || rules_.contains(name)) continue;
        auto& r = rules_[name];
        r.from = from;
        r.known_before = found_.contains(name);
        if (from == common_) continue;
        topic_conf_handle conf{rd_kafka_default_topic_conf_dup(rk_)};
        rd_kafka_topic_conf_set(conf.get(), "auto.offset.reset",
                                from == reset::latest ? "latest" : "earliest", nullptr, 0);
        r.made.reset(rd_kafka_topic_new(rk_, name.c_str(), conf.release()));
    }
}

bool starts::is_late(const topic_partition& p) const {
    const auto r = rules_.find(p.topic);
    if (r != rules_.end() && r->second.from == reset::earliest)
        return r->second.known_before && common_ == reset::latest;
    if (r == rules_.end() && common_ == reset::earliest) return false;
    const auto known = at_first_.find(p.topic);
    return known == at_first_.end() || p.partition >= known->second;
}

void starts::set(const partition_list& assigned) {
    if (!looked_) return;
    auto late = new_list(0);
    for (auto& p : elements(assigned))
        if (is_late(partition_of(p))) add(late, partition_of(p));
    if (late->cnt == 0) return;
    const auto e = rd_kafka_committed(rk_, late.get(), committed_timeout_ms);
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) problems_.add(client_problem(e, "committed offsets"));
    for (auto& p : elements(late)) {
        auto* into = rd_kafka_topic_partition_list_find(assigned.get(), p.topic, p.partition);
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR && p.offset == RD_KAFKA_OFFSET_INVALID)
            into->offset = RD_KAFKA_OFFSET_BEGINNING;
    }
}

}  // namespace weir::transport::kafka
