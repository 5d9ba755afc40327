// SPDX-License-Identifier: Apache-2.0
// Joining, polling, leaving. How partitions come and go: rebalance.cpp.
#include "consumer.hpp"

#include <algorithm>

#include <weir/error.hpp>

namespace weir::transport::kafka {
namespace {

constexpr int close_poll_ms = 10;

bool is_pattern(const subscription& s) { return s.topic.starts_with('^'); }
bool is_co_partitioned(const subscription& s) { return s.co_partitioned; }

}  // namespace

/// The rule of topics that are not named one by one.
reset consumer::common_reset(std::span<const subscription> to) {
    const auto late = [](auto& s) { return s.from == reset::latest; };
    return std::any_of(to.begin(), to.end(), late) ? reset::latest : reset::earliest;
}

conf_handle consumer::made_of(const configuration& c, std::span<const subscription> to) {
    return c.consumer(std::any_of(to.begin(), to.end(), is_pattern),
                      std::any_of(to.begin(), to.end(), is_co_partitioned));
}

consumer::consumer(const configuration& c, topics& t, problems& p, ready_list& ready,
                   std::span<const subscription> to)
    : callbacks(p),
      ready_(ready),
      keeps_together_(value_of(made_of(c, to).get(), "partition.assignment.strategy") == "range"),
      shared_(new read_state{std::make_shared<handle>(make(RD_KAFKA_CONSUMER, made_of(c, to))), p}),
      rk_(shared_->from->rk),
      own_(rd_kafka_queue_get_consumer(rk_)),
      commits_(rk_, ready, commits_number),
      starts_(t, common_reset(to)) {
    rd_kafka_poll_set_consumer(rk_);  // errors and logs come on the consumer's queue, too
    shared_->wake_below(prefetch_of(c.consumer(false).get()));
    ready.watch(own_.get(), own_number);
}

consumer::~consumer() {
    for (auto& p : watched_) {
        if (p.now) {
            p.now->readable = false;
            p.now->queue = nullptr;
        }
        if (!p.queue) continue;
        ready_list::unwatch(p.queue.get());
        // librdkafka can hang when it is destroyed with messages in the queue of a deleted topic
        while (const message_handle m{rd_kafka_consume_queue(p.queue.get(), 0)}) {}
    }
    ready_list::unwatch(own_.get());
}

void consumer::subscribe(std::span<const subscription> to) {
    const auto together = std::find_if(to.begin(), to.end(), is_co_partitioned);
    if (together != to.end() && !keeps_together_)
        throw setup_error{"weir: topic '" + together->topic +
                          "' is read together with others, and the group was joined without such "
                          "a topic: add the agent that reads it before the app runs, or set "
                          "partition.assignment.strategy=range"};
    starts_.subscribed(to);
    std::set<std::string> names;
    for (auto& s : to) names.insert(s.topic);
    if (names == subscribed_) return;  // otherwise the group would rebalance
    subscribed_ = std::move(names);
    auto list = new_list(to.size());
    for (auto& s : to) add(list, {s.topic, RD_KAFKA_PARTITION_UA});
    if (const auto e = rd_kafka_subscribe(rk_, list.get()); e != RD_KAFKA_RESP_ERR_NO_ERROR)
        throw setup_error{"weir: " + consumer_problem(e, {}, to[0].topic, -1).text};
}

void consumer::ready(std::uint32_t number) {
    if (number < first_partition) due_ = true;
    else if (auto& s = watched_[number - first_partition].now) s->ready = true;
}
void consumer::all_ready() {
    due_ = true;
    for (auto& p : watched_)
        if (p.now) p.now->ready = true;
}

/// Callbacks come in here, and errors as messages.
void consumer::serve(int timeout_ms) {
    while (const message_handle m{rd_kafka_consumer_poll(rk_, timeout_ms)}) {
        message(*m);
        timeout_ms = 0;
    }
}

void consumer::message(const rd_kafka_message_t& m) {
    const std::string topic = m.rkt ? rd_kafka_topic_name(m.rkt) : "";
    if (m.err == RD_KAFKA_RESP_ERR_NO_ERROR)
        problems_.add({"a message of topic '" + topic +
                           "' came on the consumer's queue, not on "
                           "its partition's: that is a bug in weir",
                       true});
    else if (m.err != RD_KAFKA_RESP_ERR__PARTITION_EOF)
        problems_.add(consumer_problem(m.err, rd_kafka_message_errstr(&m), topic,
                                       topic.empty() ? -1 : m.partition));
}

bool consumer::poll(listener& to) {
    if (!std::exchange(due_, false)) return false;
    serve(0);
    const bool answered = tell_commits(to);
    return tell_news(to) || answered;
}

std::string consumer::member_id() const {
    auto* id = rd_kafka_memberid(rk_);
    std::string text = id ? id : "";
    if (id) rd_kafka_mem_free(rk_, id);
    return text;
}

void consumer::leave() {
    for (auto& p : watched_)
        if (p.now) p.now->readable = false;
    if (asked_) answer();
    check(rd_kafka_consumer_close_queue(rk_, own_.get()));
}

bool consumer::has_left() {
    if (rd_kafka_consumer_closed(rk_)) return true;
    serve(close_poll_ms);
    while (!news_.empty()) {
        news_.pop_front();
        check(rd_kafka_assign(rk_, nullptr));
    }
    return rd_kafka_consumer_closed(rk_) != 0;
}

void consumer::check(rd_kafka_error_t* made) {
    const error_handle e{made};
    if (e) problems_.add(client_problem(rd_kafka_error_code(made), rd_kafka_error_string(made)));
}
void consumer::check(rd_kafka_resp_err_t e) {
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR) problems_.add(client_problem(e, {}));
}

}  // namespace weir::transport::kafka
