// SPDX-License-Identifier: Apache-2.0
#include "topics.hpp"

#include <algorithm>
#include <set>
#include <thread>
#include <utility>

#include <weir/error.hpp>

namespace weir::transport::kafka {
namespace {

using new_topic = std::unique_ptr<rd_kafka_NewTopic_t, destroyed_by<rd_kafka_NewTopic_destroy>>;
using admin_options =
    std::unique_ptr<rd_kafka_AdminOptions_t, destroyed_by<rd_kafka_AdminOptions_destroy>>;
using config_resource =
    std::unique_ptr<rd_kafka_ConfigResource_t, destroyed_by<rd_kafka_ConfigResource_destroy>>;
using doomed_topic =
    std::unique_ptr<rd_kafka_DeleteTopic_t, destroyed_by<rd_kafka_DeleteTopic_destroy>>;
using doomed_offsets = std::unique_ptr<rd_kafka_DeleteConsumerGroupOffsets_t,
                                       destroyed_by<rd_kafka_DeleteConsumerGroupOffsets_destroy>>;
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

admin_options patient(rd_kafka_t* rk, rd_kafka_admin_op_t what, duration most) {
    admin_options made{rd_kafka_AdminOptions_new(rk, what)};
    char text[512];
    rd_kafka_AdminOptions_set_request_timeout(made.get(), ms(most), text, sizeof text);
    if (what == RD_KAFKA_ADMIN_OP_CREATETOPICS)
        rd_kafka_AdminOptions_set_operation_timeout(made.get(), ms(most), text, sizeof text);
    return made;
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

/// The answer to an admin request, or null.
event_handle topics::answer(rd_kafka_queue_t* answers, clock::time_point until) {
    event_handle event;
    const auto begun = clock::now();
    while (!event && !problems_.refused() && clock::now() < until) {
        event.reset(rd_kafka_queue_poll(answers, one_try_ms));
        producer_.serve();
        if (!event) wait_on(begun);
    }
    return event;
}

void topics::create(const topic_spec& spec) {
    const auto until = clock::now() + patience;
    const auto made = made_of(spec);
    auto* const rk = producer_.handle();
    const auto options = patient(rk, RD_KAFKA_ADMIN_OP_CREATETOPICS, patience);
    const queue_handle answers{rd_kafka_queue_new(rk)};
    auto* one = made.get();
    rd_kafka_CreateTopics(rk, &one, 1, options.get(), answers.get());
    const auto event = answer(answers.get(), until);
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

std::vector<topic_config> topics::configs(std::span<const std::string> names) {
    std::vector<topic_config> all(names.size());
    if (names.empty()) return all;
    std::vector<config_resource> made;
    std::vector<rd_kafka_ConfigResource_t*> asked;
    // librdkafka does not read an answer that has a topic twice
    for (auto& name : std::set<std::string>{names.begin(), names.end()}) {
        made.emplace_back(rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name.c_str()));
        asked.push_back(made.back().get());
    }
    auto* const rk = producer_.handle();
    const auto options = patient(rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS, patience);
    const queue_handle answers{rd_kafka_queue_new(rk)};
    rd_kafka_DescribeConfigs(rk, asked.data(), asked.size(), options.get(), answers.get());
    const auto event = answer(answers.get(), clock::now() + patience);
    const auto why = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR) {
        not_told(why, names[0]);
        return all;
    }
    std::size_t count = 0;
    const auto* result = rd_kafka_event_DescribeConfigs_result(event.get());
    auto* const* of_each = rd_kafka_DescribeConfigs_result_resources(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
        const std::string name{rd_kafka_ConfigResource_name(of_each[i])};
        const auto wrong = rd_kafka_ConfigResource_error(of_each[i]);
        if (wrong != RD_KAFKA_RESP_ERR_NO_ERROR) not_told(wrong, name);
        std::size_t entries = 0;
        auto* const* told = rd_kafka_ConfigResource_configs(of_each[i], &entries);
        topic_config its;
        for (std::size_t e = 0; e < entries; ++e)
            if (const auto* value = rd_kafka_ConfigEntry_value(told[e]))
                its[rd_kafka_ConfigEntry_name(told[e])] = value;
        for (std::size_t n = 0; n < names.size(); ++n)
            if (names[n] == name) all[n] = its;
    }
    return all;
}

void topics::not_told(rd_kafka_resp_err_t e, const std::string& topic) {
    const bool is_missing = e == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
    if (is_missing || std::exchange(said_not_told_, true)) return;
    problems_.add({configs_text(e, topic)});
}

void topics::remove(const std::vector<std::string>& names) {
    std::vector<doomed_topic> made;
    std::vector<rd_kafka_DeleteTopic_t*> asked;
    for (auto& name : names) {
        if (!partitions(name)) continue;
        made.emplace_back(rd_kafka_DeleteTopic_new(name.c_str()));
        asked.push_back(made.back().get());
    }
    if (asked.empty()) return;
    const auto until = clock::now() + patience;
    auto* const rk = producer_.handle();
    const auto options = patient(rk, RD_KAFKA_ADMIN_OP_DELETETOPICS, patience);
    const queue_handle answers{rd_kafka_queue_new(rk)};
    rd_kafka_DeleteTopics(rk, asked.data(), asked.size(), options.get(), answers.get());
    const auto event = answer(answers.get(), until);
    const auto why = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (why != RD_KAFKA_RESP_ERR_NO_ERROR) throw setup_error{deletion_text(why, names.front())};
    std::size_t count = 0;
    const auto* result = rd_kafka_event_DeleteTopics_result(event.get());
    const auto* of_each = rd_kafka_DeleteTopics_result_topics(result, &count);
    for (std::size_t i = 0; i < count; ++i) {
        const auto e = rd_kafka_topic_result_error(of_each[i]);
        if (e != RD_KAFKA_RESP_ERR_NO_ERROR && e != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART)
            throw setup_error{deletion_text(e, rd_kafka_topic_result_name(of_each[i]))};
    }
    // A program that starts at once must not find them.
    const auto is_left = [this](auto& name) { return known_.contains(name); };
    const auto begun = clock::now();
    for (ask(until); std::any_of(names.begin(), names.end(), is_left); ask(until)) {
        if (clock::now() >= until)
            throw setup_error{"weir: the broker has been asked to delete topic '" +
                              *std::find_if(names.begin(), names.end(), is_left) +
                              "', and it is still there after 10 s: does it have "
                              "delete.topic.enable=false?"};
        wait_on(begun);
        std::this_thread::sleep_for(leader_pause);
    }
}

void topics::forget_commits(const std::string& group, const std::vector<std::string>& names) {
    partition_list list = new_list(names.size());
    for (auto& name : names)
        for (partition_id p = 0; p < partitions(name).value_or(0); ++p) add(list, {name, p});
    if (list->cnt == 0) return;
    const doomed_offsets made{rd_kafka_DeleteConsumerGroupOffsets_new(group.c_str(), list.get())};
    auto* const rk = producer_.handle();
    const auto options = patient(rk, RD_KAFKA_ADMIN_OP_DELETECONSUMERGROUPOFFSETS, patience);
    const queue_handle answers{rd_kafka_queue_new(rk)};
    auto* asked = made.get();
    rd_kafka_DeleteConsumerGroupOffsets(rk, &asked, 1, options.get(), answers.get());
    const auto event = answer(answers.get(), clock::now() + patience);
    auto e = event ? rd_kafka_event_error(event.get()) : RD_KAFKA_RESP_ERR__TIMED_OUT;
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR) {
        std::size_t count = 0;
        const auto* result = rd_kafka_event_DeleteConsumerGroupOffsets_result(event.get());
        const auto* const* of_each =
            rd_kafka_DeleteConsumerGroupOffsets_result_groups(result, &count);
        const auto* wrong = count > 0 ? rd_kafka_group_result_error(of_each[0]) : nullptr;
        if (wrong) e = rd_kafka_error_code(wrong);
        const auto* its = count > 0 ? rd_kafka_group_result_partitions(of_each[0]) : nullptr;
        for (int i = 0; its && i < its->cnt; ++i)
            if (its->elems[i].err != RD_KAFKA_RESP_ERR_NO_ERROR) e = its->elems[i].err;
    }
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR || e == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) return;
    if (e == RD_KAFKA_RESP_ERR_GROUP_SUBSCRIBED_TO_TOPIC || e == RD_KAFKA_RESP_ERR_NON_EMPTY_GROUP)
        throw setup_error{"weir: app '" + group +
                          "' runs: stop all processes of it first. A process that was killed "
                          "counts until its session.timeout.ms is over"};
    throw setup_error{"weir: what app '" + group +
                      "' has committed cannot be deleted: " + text_of(e)};
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
