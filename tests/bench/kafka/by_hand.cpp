// SPDX-License-Identifier: Apache-2.0
// The same jobs in loops over librdkafka: one shared queue, batches, nothing tracked or committed;
// the consumer at the settings that are best for it (less prefetch starves it, larger fetches are
// slower), the producer at weir's.
#include <librdkafka/rdkafka.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <vector>
#include <weir/codec/json.hpp>

#include "jobs.hpp"

namespace weir::bench::kafka {
namespace {

using config = std::vector<std::pair<const char*, std::string>>;

[[noreturn]] void fail(const char* what) {
    std::fprintf(stderr, "by hand: %s\n", what);
    std::exit(2);
}

rd_kafka_t* make(rd_kafka_type_t type, const config& all, void* opaque = nullptr) {
    char text[512];
    auto* c = rd_kafka_conf_new();
    for (auto& [name, value] : all)
        if (rd_kafka_conf_set(c, name, value.c_str(), text, sizeof text) != RD_KAFKA_CONF_OK)
            fail(text);
    rd_kafka_conf_set_opaque(c, opaque);
    if (type == RD_KAFKA_CONSUMER)
        rd_kafka_conf_set_rebalance_cb(c, [](rd_kafka_t* rk, rd_kafka_resp_err_t e,
                                             rd_kafka_topic_partition_list_t* l, void* m) {
            if (e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS) static_cast<meter*>(m)->start();
            rd_kafka_assign(rk, e == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS ? l : nullptr);
        });
    else rd_kafka_conf_set_dr_msg_cb(c, [](rd_kafka_t*, const rd_kafka_message_t*, void*) {});
    auto* rk = rd_kafka_new(type, c, text, sizeof text);
    if (!rk) fail(text);
    return rk;
}

rd_kafka_t* producer_of(const std::string& broker) {
    return make(RD_KAFKA_PRODUCER, {{"bootstrap.servers", broker},
                                    {"enable.idempotence", "true"},
                                    {"acks", "all"},
                                    {"partitioner", "murmur2_random"},
                                    {"linger.ms", "5"},
                                    {"socket.nagle.disable", "true"}});
}

/// Topics are made and removed by the producer's handle.
void admin(rd_kafka_t* rk, auto call) {
    auto* q = rd_kafka_queue_new(rk);
    call(q);
    if (auto* e = rd_kafka_queue_poll(q, 30'000)) rd_kafka_event_destroy(e);
    rd_kafka_queue_destroy(q);
}
void create(rd_kafka_t* rk, const std::string& topic) {
    char text[512];
    auto* t = rd_kafka_NewTopic_new(topic.c_str(), 4, 1, text, sizeof text);
    rd_kafka_NewTopic_set_config(t, "file.delete.delay.ms", "1000");
    admin(rk, [&](rd_kafka_queue_t* q) { rd_kafka_CreateTopics(rk, &t, 1, nullptr, q); });
    rd_kafka_NewTopic_destroy(t);
}

void produce(rd_kafka_t* p, rd_kafka_topic_t* to, bytes_view key, bytes_view value) {
    while (rd_kafka_produce(to, RD_KAFKA_PARTITION_UA, RD_KAFKA_MSG_F_COPY,
                            const_cast<char*>(value.data()), value.size(), key.data(), key.size(),
                            nullptr) == -1)
        rd_kafka_poll(p, 10);
}

/// Reads the changelog's rows with their headers.
void read_changelog(const job& j) {
    meter time;
    auto left = make_table(j);
    const auto keys = left;
    auto* rk = make(RD_KAFKA_CONSUMER,
                    {{"bootstrap.servers", j.broker},
                     {"group.id", j.id + "-hand"},
                     {"enable.auto.commit", "false"},
                     {"queued.min.messages", "1000000"},
                     {"socket.nagle.disable", "true"}},
                    &time);
    rd_kafka_poll_set_consumer(rk);
    auto* q = rd_kafka_queue_get_consumer(rk);
    auto* l = rd_kafka_topic_partition_list_new(4);
    for (int p = 0; p < 4; ++p)
        rd_kafka_topic_partition_list_add(l, (j.id + "-table-changelog").c_str(), p)->offset = 0;
    time.start();
    rd_kafka_assign(rk, l);
    std::vector<rd_kafka_message_t*> batch(8192);
    std::size_t size = 0;
    while (left > 0) {
        const auto n = rd_kafka_consume_batch_queue(q, 100, batch.data(), batch.size());
        for (ssize_t i = 0; i < n; ++i) {
            auto* m = batch[std::size_t(i)];
            rd_kafka_headers_t* headers = nullptr;
            const void* cut = nullptr;
            std::size_t cut_size = 0;
            if (!m->err && !rd_kafka_message_headers(m, &headers) &&
                !rd_kafka_header_get_last(headers, "weir.cut", &cut, &cut_size) &&
                m->key_len == sizeof(std::int64_t)) {  // not one of weir's own records
                size += cut_size + m->len + m->key_len;
                --left;
            }
            rd_kafka_message_destroy(m);
        }
    }
    time.stop(keys);
    if (size == 0) std::abort();
    std::_Exit(0);
}

}  // namespace

void by_hand(const job& j) {
    if (j.name == "restore") return read_changelog(j);
    meter time;
    const bool sends = j.name == "forward" || j.name == "map" || j.name == "group_by";
    auto* p = sends ? producer_of(j.broker) : nullptr;
    const auto out = j.id + "-out";
    if (sends) create(p, out);
    auto* to = sends ? rd_kafka_topic_new(p, out.c_str(), nullptr) : nullptr;
    auto* rk = make(RD_KAFKA_CONSUMER,
                    {{"bootstrap.servers", j.broker},
                     {"group.id", j.id},
                     {"auto.offset.reset", "earliest"},
                     {"enable.auto.commit", "false"},
                     {"enable.auto.offset.store", "false"},
                     {"queued.min.messages", "1000000"},
                     {"socket.nagle.disable", "true"}},
                    &time);
    rd_kafka_poll_set_consumer(rk);
    auto* q = rd_kafka_queue_get_consumer(rk);
    auto* l = rd_kafka_topic_partition_list_new(2);
    rd_kafka_topic_partition_list_add(l, "orders", -1);
    if (j.name == "group_by") rd_kafka_topic_partition_list_add(l, out.c_str(), -1);
    rd_kafka_subscribe(rk, l);

    std::vector<rd_kafka_message_t*> batch(8192);
    order o;
    bytes encoded;
    double sum = 0;
    std::size_t size = 0;
    long left = j.messages;
    while (left > 0) {
        const auto n = rd_kafka_consume_batch_queue(q, 100, batch.data(), batch.size());
        for (ssize_t i = 0; i < n; ++i) {
            auto* m = batch[std::size_t(i)];
            const bytes_view key{static_cast<const char*>(m->key), m->key_len};
            const bytes_view value{static_cast<const char*>(m->payload), m->len};
            if (m->err || left == 0) {
                rd_kafka_message_destroy(m);
                continue;
            }
            if (j.name == "consume") {
                size += value.size();
                --left;
            } else if (j.name == "forward") {
                produce(p, to, key, value);
                --left;
            } else {
                detail::decode_into<order>(value, o);
                if (j.name == "decode") {
                    sum += o.price;
                    --left;
                } else if (j.name == "map") {
                    if (o.price >= 100) {
                        encoded.reset();
                        detail::encode_onto<charge>({o.account_id, o.amount * o.price}, encoded);
                        produce(p, to, key, encoded);
                    }
                    --left;
                } else if (std::strcmp(rd_kafka_topic_name(m->rkt), "orders") == 0) {
                    produce(p, to, o.account_id, value);
                } else {
                    sum += o.price;
                    --left;
                }
            }
            rd_kafka_message_destroy(m);
        }
        if (p) rd_kafka_poll(p, 0);
    }
    if (p) rd_kafka_flush(p, 60'000);
    time.stop(j.messages);
    if (sum + double(size) < 0) std::abort();  // so that they are wanted
    std::_Exit(0);
}

void fill(const std::string& broker, long messages) {
    auto* p = make(RD_KAFKA_PRODUCER, {{"bootstrap.servers", broker},
                                       {"linger.ms", "20"},
                                       {"batch.num.messages", "100000"},
                                       {"queue.buffering.max.messages", "1000000"}});
    create(p, "orders");
    auto* t = rd_kafka_topic_new(p, "orders", nullptr);
    bytes value;
    for (long i = 0; i < messages; ++i) {
        encode_order(i, value);
        produce(p, t, "k" + std::to_string((i * 7919) % 10'000), value);
        if ((i & 1023) == 0) rd_kafka_poll(p, 0);
    }
    rd_kafka_flush(p, 120'000);
    rd_kafka_topic_destroy(t);
    rd_kafka_destroy(p);
}

void remove_topics(const std::string& broker, const std::string& containing) {
    auto* p = producer_of(broker);
    const rd_kafka_metadata_t* all = nullptr;
    rd_kafka_metadata(p, 1, nullptr, &all, 10'000);
    for (int i = 0; all && i < all->topic_cnt; ++i) {
        const std::string name = all->topics[i].topic;
        if (name.find(containing) == name.npos) continue;
        auto* gone = rd_kafka_DeleteTopic_new(name.c_str());
        admin(p, [&](rd_kafka_queue_t* q) { rd_kafka_DeleteTopics(p, &gone, 1, nullptr, q); });
        rd_kafka_DeleteTopic_destroy(gone);
    }
    if (all) rd_kafka_metadata_destroy(all);
    rd_kafka_destroy(p);
}

}  // namespace weir::bench::kafka
