// SPDX-License-Identifier: Apache-2.0
// How partitions come and go.
#include <algorithm>
#include <cstring>
#include <utility>

#include <weir/transport/topic_name.hpp>

#include "consumer.hpp"

namespace weir::transport::kafka {
namespace {

bool cooperative(rd_kafka_t* rk) {
    const auto* protocol = rd_kafka_rebalance_protocol(rk);
    return protocol && std::strcmp(protocol, "COOPERATIVE") == 0;
}

}  // namespace

void consumer::rebalanced(rd_kafka_t* rk, bool assigned, partition_list what) {
    if (assigned) leave_out_foreign(*what);
    news_.push_back({assigned, !assigned && rd_kafka_assignment_lost(rk) != 0, std::move(what)});
}

/// Removes the topics that a pattern matches for librdkafka and not for weir. The group has given
/// them to this member, so that nobody reads them. Cooperative members must assign all they get: of
/// what is left out now, the group would say nothing when it is subscribed by name.
void consumer::leave_out_foreign(rd_kafka_topic_partition_list_t& what) const {
    if (cooperative(rk_)) return;
    const auto is_wanted = [&](const std::string& topic) {
        return std::any_of(subscribed_.begin(), subscribed_.end(),
                           [&](auto& s) { return s == topic || matches(s, topic); });
    };
    std::map<std::string, bool> wanted;
    for (int i = what.cnt - 1; i >= 0; --i) {
        const std::string topic = what.elems[i].topic;
        const auto [it, first] = wanted.try_emplace(topic);
        if (first) it->second = is_wanted(topic);
        if (!it->second) rd_kafka_topic_partition_list_del_by_idx(&what, i);
    }
}

bool consumer::tell_news(listener& to) {
    bool any = false;
    for (; !news_.empty(); any = true) {
        if (news_.front().assigned && !knows_committed(news_.front())) break;
        auto n = std::move(news_.front());
        news_.pop_front();
        if (n.assigned) assign(std::move(n.what), to);
        else revoke(std::move(n), to);
    }
    rebalanced_ |= any;
    return any;
}

/// Asks, and takes the answer. librdkafka would find out by itself, but would not tell: then nobody
/// could say whether what it reads first is what comes next.
bool consumer::knows_committed(news& n) {
    if (n.what->cnt == 0) return true;
    const auto ask = [&] {
        n.committed =
            std::make_unique<committed_question>(shared_->from, n.what, ready_, own_number);
    };
    if (!n.committed) ask();
    auto answer = n.committed->take();
    if (!answer) return false;
    if (answer->error == RD_KAFKA_RESP_ERR_NO_ERROR) {
        n.what = std::move(answer->offsets);
        return true;
    }
    problems_.add(client_problem(answer->error, {}));
    ask();
    return false;
}

void consumer::assign(partition_list what, listener& to) {
    std::vector<assignment> told;
    bool found = false;
    for (auto& p : elements(what)) {
        const auto at = partition_of(p);
        found |= starts_.is_found(at.topic);
        const auto committed = p.offset >= 0 ? std::optional<offset>{p.offset} : std::nullopt;
        if (!committed) p.offset = starts_.of(at);
        auto reads = open(at, committed.value_or(-1));
        told.push_back({at, committed, std::make_unique<partition>(shared_, std::move(reads))});
    }
    if (cooperative(rk_)) check(rd_kafka_incremental_assign(rk_, what.get()));
    else check(rd_kafka_assign(rk_, what.get()));
    to.assigned(std::move(told));
    if (found) to.topics_changed();
}

void consumer::revoke(news n, listener& to) {
    std::vector<topic_partition> told;
    for (auto& p : elements(n.what)) {
        const auto at = partition_of(p);
        if (!numbers_.contains(at)) continue;  // it was left out
        told.push_back(at);
        shut(at);
    }
    asked_ = std::move(n.what);
    owed_.clear();
    if (!n.lost) owed_.insert(told.begin(), told.end());
    if (n.lost) to.lost(std::move(told));
    else to.revoked(std::move(told));
    if (asked_ && owed_.empty()) answer();
}

void consumer::release(std::span<const topic_partition> tps) {
    for (auto& p : tps) {
        shut(p);
        gave_up(p);
    }
}

void consumer::gave_up(const topic_partition& p) {
    if (owed_.erase(p) > 0 && owed_.empty() && asked_) answer();
}

void consumer::answer() {
    const auto what = std::move(asked_);
    owed_.clear();
    if (cooperative(rk_)) check(rd_kafka_incremental_unassign(rk_, what.get()));
    else check(rd_kafka_assign(rk_, nullptr));
}

/// A commit can be refused because the membership is over. Then all partitions are lost. None of
/// them will be released, even if the group asks for them later.
bool consumer::tell_commits(listener& to) {
    const auto all = commits_.answers();
    for (auto& r : all) {
        to.committed(r);
        if (r.error != commit_error::member && r.error != commit_error::fenced) continue;
        for (auto& p : watched_)
            if (auto s = std::exchange(p.now, nullptr)) s->readable = false;
        if (asked_) answer();
    }
    return !all.empty();
}

/// Takes the partition's queue off the consumer's queue and gives it a number. Messages that a
/// rebalance left in the queue keep it from signalling, so a new assignment counts as ready.
std::shared_ptr<slot> consumer::open(const topic_partition& at, offset from) {
    const auto next = static_cast<std::uint32_t>(watched_.size());
    const auto [it, first] = numbers_.try_emplace(at, next);
    if (first) watched_.emplace_back();
    auto& p = watched_[it->second];
    queue_handle queue{rd_kafka_queue_get_partition(rk_, at.topic.c_str(), at.partition)};
    rd_kafka_queue_forward(queue.get(), nullptr);
    ready_.watch(queue.get(), first_partition + it->second);
    p.queue = std::move(queue);
    p.now = std::make_shared<slot>(slot{at, p.queue.get(), from});
    return p.now;
}

void consumer::shut(const topic_partition& at) {
    const auto it = numbers_.find(at);
    if (it == numbers_.end()) return;
    if (auto s = std::exchange(watched_[it->second].now, nullptr)) s->readable = false;
}

}  // namespace weir::transport::kafka
