// SPDX-License-Identifier: Apache-2.0
#include "topics.hpp"

#include <algorithm>
#include <thread>

#include <weir/error.hpp>

namespace weir::transport::kafka {
namespace {

using new_topic = std::unique_ptr<rd_kafka_NewTopic_t, destroyed_by<rd_kafka_NewTopic_destroy>>;
using admin_options =
    std::unique_ptr<rd_kafka_AdminOptions_t, destroyed_by<rd_kafka_AdminOptions_destroy>>;
using metadata =
    std::unique_ptr<const rd_kafka_metadata_t, destroyed_by<rd_kafka_metadata_destroy>>;

// All brokers know the leaders of a new topic a moment later.
constexpr auto leader_pause = std::chrono::milliseconds{20};
// A refused login is reported while the answer is waited for. So a wait is divided into tries.
constexpr int one_try_ms = 500;

template <class D>
int ms(D d) {
    return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

new_topic made_of(const topic_spec& spec) {
    char text[512];
    const auto or_default = [](auto n) { return n > 0 ? static_cast<int>(n) : -1; };
    new_topic t{rd_kafka_NewTopic_new(spec.name.c_str(), or_default(spec.partitions),
                                      or_default(spec.replication), text, sizeof text)};
    if (!t) throw setup_error{"weir: topic '" + spec.name + "' cannot be created: " + text};
    for (auto& [name, value] : spec.config)
        rd_kafka_NewTopic_set_config(t.get(), name.c_str(), value.c_str());
    return t;
}

}  // namespace

/// The first answer may take longer: the broker may start after this program.
topics::clock::time_point topics::until() const {
    const bool answered = asked_ != clock::time_point{};
    return later(clock::now(), answered ? duration{patience} : options_.connect_timeout);
}

/// Between two tries: what the caller wants to know, and whether it still wants to wait.
void topics::wait_on(clock::time_point begun) {
    if (options_.log && clock::now() - begun > patience)
        for (auto& p : problems_.take()) options_.log(text_of(p));
    if (options_.stopped && options_.stopped()) throw stopped_waiting{};
}

void topics::give_up(rd_kafka_resp_err_t e) {
    const auto why = problems_.cause().empty() ? client_problem(e, {}).text : problems_.cause();
    auto text = "weir: no answer from kafka://" + options_.servers + ": " + why;
    if (!problems_.refused())
        text += "; app_options::connect_timeout says how long it is waited for";
    throw setup_error{text};
}

void topics::ask(clock::time_point until) {
    const auto begun = clock::now();
    for (;;) {
        const rd_kafka_metadata_t* got = nullptr;
        const auto e = rd_kafka_metadata(producer_.handle(), 1, nullptr, &got, one_try_ms);
        producer_.serve();
        if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
            const metadata held{got};
            known_.clear();
            led_.clear();
            for (int i = 0; i < got->topic_cnt; ++i) {
                const auto& t = got->topics[i];
                if (t.partition_cnt == 0) continue;
                known_[t.topic] = t.partition_cnt;
                led_[t.topic] = std::all_of(t.partitions, t.partitions + t.partition_cnt,
                                            [](auto& p) { return p.leader >= 0; });
            }
            asked_ = clock::now();
            problems_.answered();
            return;
        }
        if (problems_.refused() || clock::now() >= until) give_up(e);
        wait_on(begun);
    }
}

const topics::counts& topics::all() {
    if (clock::now() - asked_ > fresh || asked_ == clock::time_point{}) ask(until());
    return known_;
}

std::optional<partition_id> topics::partitions(const std::string& topic) {
    const auto& now = all();
    const auto it = now.find(topic);
    return it == now.end() ? std::nullopt : std::optional{it->second};
}

void topics::create(const topic_spec& spec) {
    const auto until = clock::now() + patience;
    const auto made = made_of(spec);
    auto* const rk = producer_.handle();
    const admin_options options{rd_kafka_AdminOptions_new(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS)};
    char text[512];
    for (auto set :
         {rd_kafka_AdminOptions_set_request_timeout, rd_kafka_AdminOptions_set_operation_timeout})
        set(options.get(), ms(patience), text, sizeof text);
    const queue_handle answers{rd_kafka_queue_new(rk)};
    auto* one = made.get();
    rd_kafka_CreateTopics(rk, &one, 1, options.get(), answers.get());
    event_handle event;
    const auto begun = clock::now();
    while (!event && !problems_.refused() && clock::now() < until) {
        event.reset(rd_kafka_queue_poll(answers.get(), one_try_ms));
        producer_.serve();
        if (!event) wait_on(begun);
    }

    auto e = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    // that no broker has answered says less than why none can be reached
    const bool unanswered = e == RD_KAFKA_RESP_ERR__TIMED_OUT || e == RD_KAFKA_RESP_ERR__TRANSPORT;
    if (unanswered && !problems_.cause().empty())
        throw setup_error{"weir: topic '" + spec.name +
                          "' could not be created: " + problems_.cause()};
    std::string why = event && e ? rd_kafka_event_error_string(event.get()) : "";
    if (event && e == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::size_t count = 0;
        const auto* result = rd_kafka_event_CreateTopics_result(event.get());
        const auto* of_each = rd_kafka_CreateTopics_result_topics(result, &count);
        if (count > 0) {
            e = rd_kafka_topic_result_error(of_each[0]);
            const auto* said = rd_kafka_topic_result_error_string(of_each[0]);
            why = said ? said : "";
        }
    }
    if (e != RD_KAFKA_RESP_ERR_NO_ERROR && e != RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS)
        throw setup_error{creation_text(e, why, spec.name)};
    wait_for_leaders(spec.name, until);
}

/// A message that is sent earlier would wait for the client's next look.
void topics::wait_for_leaders(const std::string& topic, clock::time_point until) {
    const auto begun = clock::now();
    for (ask(until); !led_[topic] && clock::now() < until; ask(until)) {
        wait_on(begun);
        std::this_thread::sleep_for(leader_pause);
    }
}

}  // namespace weir::transport::kafka
