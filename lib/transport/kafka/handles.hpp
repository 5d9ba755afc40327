// SPDX-License-Identifier: Apache-2.0
// Owning pointers to librdkafka's objects, and its lists of partitions.
#pragma once
#include <librdkafka/rdkafka.h>

#include <memory>

#include <weir/message.hpp>

namespace weir::transport::kafka {

template <auto Destroy>
struct destroyed_by {
    template <class T>
    void operator()(T* what) const {
        Destroy(what);
    }
};

using conf_handle = std::unique_ptr<rd_kafka_conf_t, destroyed_by<rd_kafka_conf_destroy>>;
using topic_conf_handle =
    std::unique_ptr<rd_kafka_topic_conf_t, destroyed_by<rd_kafka_topic_conf_destroy>>;
using error_handle = std::unique_ptr<rd_kafka_error_t, destroyed_by<rd_kafka_error_destroy>>;
using queue_handle = std::unique_ptr<rd_kafka_queue_t, destroyed_by<rd_kafka_queue_destroy>>;
using topic_handle = std::unique_ptr<rd_kafka_topic_t, destroyed_by<rd_kafka_topic_destroy>>;
using event_handle = std::unique_ptr<rd_kafka_event_t, destroyed_by<rd_kafka_event_destroy>>;
using message_handle = std::unique_ptr<rd_kafka_message_t, destroyed_by<rd_kafka_message_destroy>>;
using partition_list = std::unique_ptr<rd_kafka_topic_partition_list_t,
                                       destroyed_by<rd_kafka_topic_partition_list_destroy>>;

inline partition_list new_list(std::size_t room) {
    return partition_list{rd_kafka_topic_partition_list_new(static_cast<int>(room))};
}
inline rd_kafka_topic_partition_t& add(partition_list& to, const topic_partition& tp) {
    return *rd_kafka_topic_partition_list_add(to.get(), tp.topic.c_str(), tp.partition);
}
inline std::span<rd_kafka_topic_partition_t> elements(const partition_list& of) {
    if (!of) return {};
    return {of->elems, static_cast<std::size_t>(of->cnt)};
}
inline topic_partition partition_of(const rd_kafka_topic_partition_t& p) {
    return {p.topic, p.partition};
}

}  // namespace weir::transport::kafka
