// SPDX-License-Identifier: Apache-2.0
#include "record.hpp"

#include <librdkafka/rdkafka.h>

#include <chrono>
#include <memory>
#include <stdexcept>

namespace tests::torture {
namespace {

constexpr int patience_ms = 20'000;
constexpr auto longest = std::chrono::minutes{2};

/// A consumer that is assigned by hand, outside of every group.
class reader {
public:
    explicit reader(const std::string& servers) {
        auto* conf = rd_kafka_conf_new();
        for (auto [name, value] : {std::pair<const char*, const char*>{"group.id", "reader"},
                                   {"bootstrap.servers", servers.c_str()},
                                   {"enable.auto.commit", "false"},
                                   {"enable.partition.eof", "true"},
                                   {"auto.offset.reset", "error"}})
            rd_kafka_conf_set(conf, name, value, nullptr, 0);
        char text[512];
        rk_ = rd_kafka_new(RD_KAFKA_CONSUMER, conf, text, sizeof text);
        if (!rk_) throw std::runtime_error{text};
        rd_kafka_poll_set_consumer(rk_);
    }
    reader(const reader&) = delete;
    reader& operator=(const reader&) = delete;
    ~reader() {
        rd_kafka_consumer_close(rk_);
        rd_kafka_destroy(rk_);
    }

    int partitions(const std::string& topic) {
        const rd_kafka_metadata_t* told = nullptr;
        if (rd_kafka_metadata(rk_, 1, nullptr, &told, patience_ms) != RD_KAFKA_RESP_ERR_NO_ERROR)
            throw std::runtime_error{"the broker does not tell its topics"};
        int n = 0;
        for (int i = 0; i < told->topic_cnt; ++i)
            if (topic == told->topics[i].topic) n = told->topics[i].partition_cnt;
        rd_kafka_metadata_destroy(told);
        return n;
    }

    void assign(const std::string& topic, int partitions) {
        auto* all = rd_kafka_topic_partition_list_new(partitions);
        for (int p = 0; p < partitions; ++p)
            rd_kafka_topic_partition_list_add(all, topic.c_str(), p)->offset =
                RD_KAFKA_OFFSET_BEGINNING;
        rd_kafka_assign(rk_, all);
        rd_kafka_topic_partition_list_destroy(all);
    }

    rd_kafka_message_t* poll() { return rd_kafka_consumer_poll(rk_, 1000); }

private:
    rd_kafka_t* rk_ = nullptr;
};

std::optional<std::string> bytes(const void* data, std::size_t size) {
    if (!data) return std::nullopt;
    return std::string{static_cast<const char*>(data), size};
}

std::vector<header> headers(const rd_kafka_message_t* m) {
    std::vector<header> all;
    rd_kafka_headers_t* list = nullptr;
    if (rd_kafka_message_headers(m, &list) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
    const char* name = nullptr;
    const void* value = nullptr;
    std::size_t size = 0;
    for (std::size_t i = 0;
         rd_kafka_header_get_all(list, i, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++i)
        all.push_back({name, bytes(value, size).value_or("")});
    return all;
}

}  // namespace

void read_topic(const std::string& servers, const std::string& topic,
                const std::function<void(const record&)>& found) {
    reader from{servers};
    int open = from.partitions(topic);
    if (open == 0) throw std::runtime_error{"the broker has no topic " + topic};
    from.assign(topic, open);
    const auto late = std::chrono::steady_clock::now() + longest;
    while (open > 0) {
        if (std::chrono::steady_clock::now() > late)
            throw std::runtime_error{"topic " + topic + " is not read to its end"};
        const std::unique_ptr<rd_kafka_message_t, decltype(&rd_kafka_message_destroy)> m{
            from.poll(), &rd_kafka_message_destroy};
        if (!m) continue;
        if (m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) --open;
        if (m->err) continue;
        found({m->partition, m->offset, rd_kafka_message_timestamp(m.get(), nullptr),
               bytes(m->key, m->key_len), bytes(m->payload, m->len), headers(m.get())});
    }
}

}  // namespace tests::torture
