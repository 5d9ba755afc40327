// SPDX-License-Identifier: Apache-2.0
#include "broker.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <memory>
#include <thread>

namespace tests {
namespace {

constexpr int patience_ms = 20'000;

template <auto Destroy>
struct with {
    template <class T>
    void operator()(T* p) const {
        Destroy(p);
    }
};
using queue = std::unique_ptr<rd_kafka_queue_t, with<rd_kafka_queue_destroy>>;
using event = std::unique_ptr<rd_kafka_event_t, with<rd_kafka_event_destroy>>;
using error = std::unique_ptr<rd_kafka_error_t, with<rd_kafka_error_destroy>>;
using list =
    std::unique_ptr<rd_kafka_topic_partition_list_t, with<rd_kafka_topic_partition_list_destroy>>;

rd_kafka_t* made(rd_kafka_type_t type, const weir::properties& all) {
    auto* conf = rd_kafka_conf_new();
    char text[512];
    for (auto& [name, value] : all)
        REQUIRE(rd_kafka_conf_set(conf, name.c_str(), value.c_str(), text, sizeof text) ==
                RD_KAFKA_CONF_OK);
    auto* rk = rd_kafka_new(type, conf, text, sizeof text);
    REQUIRE(rk);
    return rk;
}

/// Where a message goes, and that librdkafka copies it: the first three of what is sent.
void begin(rd_kafka_vu_t* what, const std::string& topic, int partition) {
    what[0].vtype = RD_KAFKA_VTYPE_TOPIC;
    what[0].u.cstr = topic.c_str();
    what[1].vtype = RD_KAFKA_VTYPE_PARTITION;
    what[1].u.i32 = partition;
    what[2].vtype = RD_KAFKA_VTYPE_MSGFLAGS;
    what[2].u.i = RD_KAFKA_MSG_F_COPY;
}

std::string environment(const char* name, const char* otherwise) {
    const auto* v = std::getenv(name);
    return v ? v : otherwise;
}

}  // namespace

std::string servers() { return environment("WEIR_TEST_KAFKA", "127.0.0.1:19092"); }
std::string login_server() { return environment("WEIR_TEST_KAFKA_LOGIN", "127.0.0.1:19094"); }
std::string away_server() { return environment("WEIR_TEST_KAFKA_AWAY", "127.0.0.1:19095"); }

std::string fresh(const std::string& stem) {
    static const auto run = std::chrono::system_clock::now().time_since_epoch().count();
    static int next = 0;
    return stem + '-' + std::to_string(run) + '-' + std::to_string(next++);
}

weir::properties quick_group() {
    return {{"session.timeout.ms", "3000"}, {"heartbeat.interval.ms", "300"}};
}

void broker(const std::string& command) {
    const auto line =
        environment("WEIR_TEST_KAFKA_SCRIPT", "tests/kafka/broker") + ' ' + command + " >/dev/null";
    REQUIRE(std::system(line.c_str()) == 0);
}

bool until(const std::function<bool()>& holds, std::chrono::seconds most) {
    const auto end = std::chrono::steady_clock::now() + most;
    while (!holds()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{20});  // between two looks
    }
    return true;
}

admin::admin()
    : rk_(made(RD_KAFKA_PRODUCER, {{"bootstrap.servers", servers()},
                                   {"linger.ms", "5"},
                                   {"partitioner", "murmur2_random"},
                                   {"message.max.bytes", "10000000"}})) {
    broker("start");  // a case that has died may have left it killed
}
admin::~admin() { rd_kafka_destroy(rk_); }

/// A broker that hung takes no topics until its controller has heard of it again.
void admin::create(const std::string& topic, int n, const weir::properties& config) {
    const auto is_taken = [&] {
        char text[512];
        auto* t = rd_kafka_NewTopic_new(topic.c_str(), n, 1, text, sizeof text);
        for (auto& [name, value] : config)
            rd_kafka_NewTopic_set_config(t, name.c_str(), value.c_str());
        const queue q{rd_kafka_queue_new(rk_)};
        rd_kafka_CreateTopics(rk_, &t, 1, nullptr, q.get());
        const event e{rd_kafka_queue_poll(q.get(), patience_ms)};
        rd_kafka_NewTopic_destroy(t);
        std::size_t count = 0;
        const auto* result = e ? rd_kafka_event_CreateTopics_result(e.get()) : nullptr;
        const auto* of_each =
            result ? rd_kafka_CreateTopics_result_topics(result, &count) : nullptr;
        const auto why =
            count > 0 ? rd_kafka_topic_result_error(of_each[0]) : RD_KAFKA_RESP_ERR__TIMED_OUT;
        return why == RD_KAFKA_RESP_ERR_NO_ERROR || why == RD_KAFKA_RESP_ERR_TOPIC_ALREADY_EXISTS;
    };
    REQUIRE(until(is_taken));
    REQUIRE(until([&] { return partitions(topic) == n; }));
}

void admin::grow(const std::string& topic, int n) {
    char text[512];
    auto* t =
        rd_kafka_NewPartitions_new(topic.c_str(), static_cast<std::size_t>(n), text, sizeof text);
    const queue q{rd_kafka_queue_new(rk_)};
    rd_kafka_CreatePartitions(rk_, &t, 1, nullptr, q.get());
    const event e{rd_kafka_queue_poll(q.get(), patience_ms)};
    rd_kafka_NewPartitions_destroy(t);
    REQUIRE(until([&] { return partitions(topic) == n; }));
}

void admin::remove(const std::string& topic) {
    auto* t = rd_kafka_DeleteTopic_new(topic.c_str());
    const queue q{rd_kafka_queue_new(rk_)};
    rd_kafka_DeleteTopics(rk_, &t, 1, nullptr, q.get());
    const event e{rd_kafka_queue_poll(q.get(), patience_ms)};
    rd_kafka_DeleteTopic_destroy(t);
    REQUIRE(until([&] { return partitions(topic) == 0; }));
}

void admin::delete_records(const std::string& topic, int partition, weir::offset before) {
    const list what{rd_kafka_topic_partition_list_new(1)};
    rd_kafka_topic_partition_list_add(what.get(), topic.c_str(), partition)->offset = before;
    auto* d = rd_kafka_DeleteRecords_new(what.get());
    const queue q{rd_kafka_queue_new(rk_)};
    rd_kafka_DeleteRecords(rk_, &d, 1, nullptr, q.get());
    const event e{rd_kafka_queue_poll(q.get(), patience_ms)};
    rd_kafka_DeleteRecords_destroy(d);
    REQUIRE(e);
    const auto* result = rd_kafka_event_DeleteRecords_result(e.get());
    REQUIRE(result);
    const auto* done = rd_kafka_DeleteRecords_result_offsets(result);
    REQUIRE((done->cnt == 1 && done->elems[0].err == RD_KAFKA_RESP_ERR_NO_ERROR));
}

void admin::allow_all_but_settings(const std::string& user, const std::string& prefix) {
    std::vector<rd_kafka_AclBinding_t*> all;
    const auto add = [&](auto of, auto operation, auto permission) {
        char text[512];
        all.push_back(rd_kafka_AclBinding_new(
            of, prefix.c_str(), RD_KAFKA_RESOURCE_PATTERN_PREFIXED, ("User:" + user).c_str(), "*",
            operation, permission, text, sizeof text));
        REQUIRE(all.back());
    };
    for (auto of : {RD_KAFKA_RESOURCE_TOPIC, RD_KAFKA_RESOURCE_GROUP})
        add(of, RD_KAFKA_ACL_OPERATION_ALL, RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW);
    add(RD_KAFKA_RESOURCE_TOPIC, RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
        RD_KAFKA_ACL_PERMISSION_TYPE_DENY);
    const queue q{rd_kafka_queue_new(rk_)};
    rd_kafka_CreateAcls(rk_, all.data(), all.size(), nullptr, q.get());
    const event e{rd_kafka_queue_poll(q.get(), patience_ms)};
    for (auto* a : all) rd_kafka_AclBinding_destroy(a);
    REQUIRE(e);
    REQUIRE(rd_kafka_event_error(e.get()) == RD_KAFKA_RESP_ERR_NO_ERROR);
}

void admin::send(const std::string& topic, const std::string& key, const std::string& value,
                 int partition) {
    rd_kafka_vu_t what[5] = {};  // the macros of rd_kafka_producev are GNU's
    begin(what, topic, partition);
    what[3].vtype = RD_KAFKA_VTYPE_KEY;
    what[3].u.mem = {const_cast<char*>(key.data()), key.size()};
    what[4].vtype = RD_KAFKA_VTYPE_VALUE;
    what[4].u.mem = {const_cast<char*>(value.data()), value.size()};
    put(what, 5);
}

void admin::send_at(weir::timestamp at, const std::string& topic, const std::string& value) {
    rd_kafka_vu_t what[5] = {};
    begin(what, topic, 0);
    what[3].vtype = RD_KAFKA_VTYPE_TIMESTAMP;
    what[3].u.i64 = at.time_since_epoch().count();
    what[4].vtype = RD_KAFKA_VTYPE_VALUE;
    what[4].u.mem = {const_cast<char*>(value.data()), value.size()};
    put(what, 5);
}

void admin::put(rd_kafka_vu_t* what, std::size_t n) {
    const auto once = [&] {
        const error e{rd_kafka_produceva(rk_, what, n)};
        return e ? rd_kafka_error_code(e.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
    };
    auto e = once();
    for (; e == RD_KAFKA_RESP_ERR__QUEUE_FULL; e = once()) rd_kafka_poll(rk_, 10);
    REQUIRE(e == RD_KAFKA_RESP_ERR_NO_ERROR);
}

void admin::fill(const std::string& topic, int n, int from) {
    for (int i = from; i < from + n; ++i) send(topic, std::to_string(i), std::to_string(i));
    flush();
}

void admin::flush() { REQUIRE(rd_kafka_flush(rk_, patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR); }

/// Of each topic. False: the broker does not answer.
bool admin::partitions(std::map<std::string, int>& all) {
    const rd_kafka_metadata_t* told = nullptr;
    if (rd_kafka_metadata(rk_, 1, nullptr, &told, patience_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
        return false;
    for (int i = 0; i < told->topic_cnt; ++i)
        all[told->topics[i].topic] = told->topics[i].partition_cnt;
    rd_kafka_metadata_destroy(told);
    return true;
}
int admin::partitions(const std::string& topic) {
    std::map<std::string, int> all;
    if (!partitions(all)) return -1;
    const auto found = all.find(topic);
    return found == all.end() ? 0 : found->second;
}
std::vector<std::string> admin::topics() {
    std::map<std::string, int> all;
    REQUIRE(partitions(all));
    std::vector<std::string> names;
    for (auto& [name, n] : all) names.push_back(name);
    return names;
}

std::pair<std::vector<weir::offset>, std::vector<weir::offset>> admin::both_ends(
    const std::string& topic) {
    std::vector<weir::offset> begins, ends;
    for (int p = 0; p < partitions(topic); ++p) {
        std::int64_t low = 0, high = 0;
        REQUIRE(until([&] {  // a new topic has no leader yet
            return rd_kafka_query_watermark_offsets(rk_, topic.c_str(), p, &low, &high,
                                                    patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR;
        }));
        begins.push_back(low);
        ends.push_back(high);
    }
    return {begins, ends};
}
std::vector<weir::offset> admin::ends(const std::string& topic) { return both_ends(topic).second; }
std::vector<weir::offset> admin::begins(const std::string& topic) { return both_ends(topic).first; }

std::vector<weir::offset> admin::committed(const std::string& group, const std::string& topic) {
    auto* member = made(RD_KAFKA_CONSUMER, {{"bootstrap.servers", servers()}, {"group.id", group}});
    const list asked{rd_kafka_topic_partition_list_new(0)};
    for (int p = 0; p < partitions(topic); ++p)
        rd_kafka_topic_partition_list_add(asked.get(), topic.c_str(), p);
    const auto e = rd_kafka_committed(member, asked.get(), patience_ms);
    std::vector<weir::offset> all;
    for (int i = 0; i < asked->cnt; ++i) {
        const auto at = asked->elems[i].offset;
        all.push_back(at < 0 ? -1 : at);
    }
    rd_kafka_destroy(member);
    REQUIRE(e == RD_KAFKA_RESP_ERR_NO_ERROR);
    return all;
}

std::vector<weir::transport::stored_message> admin::dump(const std::string& topic) {
    auto* reader = made(
        RD_KAFKA_CONSUMER,
        {{"bootstrap.servers", servers()}, {"group.id", "dump"}, {"enable.auto.commit", "false"}});
    std::vector<weir::transport::stored_message> all;
    const auto to = ends(topic);
    for (int p = 0; p < static_cast<int>(to.size()); ++p) {
        const auto end = to[static_cast<std::size_t>(p)];
        const list one{rd_kafka_topic_partition_list_new(1)};
        rd_kafka_topic_partition_list_add(one.get(), topic.c_str(), p)->offset = 0;
        rd_kafka_assign(reader, one.get());
        const auto late = std::chrono::steady_clock::now() + std::chrono::seconds{30};
        for (weir::offset next = 0; next < end;) {
            REQUIRE(std::chrono::steady_clock::now() < late);
            auto* m = rd_kafka_consumer_poll(reader, 1000);
            if (!m) continue;
            if (!m->err) {
                const auto view = [](const void* d, std::size_t n) {
                    if (!d) return weir::bytes_view{};
                    return weir::bytes_view{static_cast<const char*>(d), n};
                };
                all.push_back({p, m->offset, view(m->key, m->key_len), view(m->payload, m->len)});
                next = m->offset + 1;
            }
            rd_kafka_message_destroy(m);
        }
    }
    rd_kafka_consumer_close(reader);
    rd_kafka_destroy(reader);
    return all;
}

transactional::transactional()
    : rk_(made(RD_KAFKA_PRODUCER,
               {{"bootstrap.servers", servers()}, {"transactional.id", fresh("transactions")}})) {
    const error e{rd_kafka_init_transactions(rk_, patience_ms)};
    REQUIRE_FALSE(e);
}
transactional::~transactional() { rd_kafka_destroy(rk_); }
void transactional::begin() {
    const error e{rd_kafka_begin_transaction(rk_)};
    REQUIRE_FALSE(e);
}
void transactional::send(const std::string& topic, int n) {
    for (int i = 0; i < n; ++i) {
        const auto value = std::to_string(i);
        rd_kafka_vu_t what[4] = {};
        tests::begin(what, topic, 0);
        what[3].vtype = RD_KAFKA_VTYPE_VALUE;
        what[3].u.mem = {const_cast<char*>(value.data()), value.size()};
        const error e{rd_kafka_produceva(rk_, what, 4)};
        REQUIRE_FALSE(e);
    }
    REQUIRE(rd_kafka_flush(rk_, patience_ms) == RD_KAFKA_RESP_ERR_NO_ERROR);
}
void transactional::commit() {
    const error e{rd_kafka_commit_transaction(rk_, patience_ms)};
    REQUIRE_FALSE(e);
}
void transactional::abort() {
    const error e{rd_kafka_abort_transaction(rk_, patience_ms)};
    REQUIRE_FALSE(e);
}

}  // namespace tests
