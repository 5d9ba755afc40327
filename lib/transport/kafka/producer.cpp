// SPDX-License-Identifier: Apache-2.0
#include "producer.hpp"

#include <array>

#include <weir/error.hpp>

#include "../../escaped.hpp"

namespace weir::transport::kafka {
namespace {

constexpr int flush_ms = 10;

rd_kafka_headers_t* made_of(const headers& all) {
    auto* made = rd_kafka_headers_new(all.size());
    for (auto& h : all)
        rd_kafka_header_add(made, h.name.data(), static_cast<ssize_t>(h.name.size()),
                            h.value ? h.value->data() : nullptr,
                            h.value ? static_cast<ssize_t>(h.value->size()) : 0);
    return made;
}

// Positions in `producer::arguments_`.
enum argument : std::size_t { topic, flags, partition, value, key, timestamp, token, headers };
constexpr std::array kinds{RD_KAFKA_VTYPE_RKT,    RD_KAFKA_VTYPE_MSGFLAGS, RD_KAFKA_VTYPE_PARTITION,
                           RD_KAFKA_VTYPE_VALUE,  RD_KAFKA_VTYPE_KEY,      RD_KAFKA_VTYPE_TIMESTAMP,
                           RD_KAFKA_VTYPE_OPAQUE, RD_KAFKA_VTYPE_HEADERS};

/// To librdkafka 0 means the time of sending. So the first millisecond of 1970 is sent as the
/// second.
std::int64_t timestamp_of(const record& r) {
    const std::int64_t ms = r.timestamp.time_since_epoch().count();
    return ms == 0 ? 1 : ms;
}

void set(rd_kafka_vu_t& a, bytes_view b) {
    // librdkafka copies it and does not write to it
    a.u.mem.ptr = const_cast<char*>(b.data());
    a.u.mem.size = b.size();
}

}  // namespace

producer::producer(const configuration& c, problems& p, ready_list& ready, std::uint32_t number)
    : callbacks(p),
      handle_(make(RD_KAFKA_PRODUCER, c.producer())),
      main_(rd_kafka_queue_get_main(rk_)) {
    for (std::size_t i = 0; i < kinds.size(); ++i) arguments_[i].vtype = kinds[i];
    arguments_[argument::flags].u.i = RD_KAFKA_MSG_F_COPY;
    ready.watch(main_.get(), number);
}

producer::~producer() { ready_list::unwatch(main_.get()); }

topic_id producer::open(const std::string& topic) {
    const auto [it, first] = ids_.try_emplace(topic, static_cast<topic_id>(topics_.size()));
    if (!first) return it->second;
    topic_handle made{rd_kafka_topic_new(rk_, topic.c_str(), nullptr)};
    if (!made) {
        ids_.erase(it);
        throw setup_error{"weir: topic '" + topic +
                          "' cannot be written: " + text_of(rd_kafka_last_error())};
    }
    topics_.emplace_back(topic, std::move(made));
    return it->second;
}

bool producer::send(const record& r, std::uint64_t token) {
    auto* extra = r.headers && !r.headers->empty() ? made_of(*r.headers) : nullptr;
    const auto e = produce(r, token, extra);
    if (e == RD_KAFKA_RESP_ERR_NO_ERROR) return true;
    if (extra) rd_kafka_headers_destroy(extra);
    if (e == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    failed(token, e, topics_[r.topic].first, r.key);
    return true;
}

rd_kafka_resp_err_t producer::produce(const record& r, std::uint64_t token,
                                      rd_kafka_headers_t* extra) {
    auto& a = arguments_;
    a[argument::topic].u.rkt = topics_[r.topic].second.get();
    a[argument::partition].u.i32 = r.partition.value_or(RD_KAFKA_PARTITION_UA);
    set(a[argument::value], r.value);
    set(a[argument::key], r.key);
    a[argument::timestamp].u.i64 = timestamp_of(r);
    a[argument::token].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
    a[argument::headers].u.headers = extra;
    const error_handle e{rd_kafka_produceva(rk_, a.data(), a.size() - (extra ? 0 : 1))};
    return e ? rd_kafka_error_code(e.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

void producer::delivered(const rd_kafka_message_t& m) {
    const auto token = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(m._private));
    if (m.err)
        failed(token, m.err, rd_kafka_topic_name(m.rkt),
               {static_cast<const char*>(m.key), m.key_len});
    else reports_.push_back({token, m.offset});
}

void producer::failed(std::uint64_t token, rd_kafka_resp_err_t e, std::string_view topic,
                      bytes_view key) {
    reports_.push_back({token, -1, true});
    const bool too_large = e == RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE;
    auto text = delivery_text(e, topic);
    if (too_large) text += "; " + detail::key_in_words(key);
    failures_.push_back({true, std::move(text), too_large, {}});
}

bool producer::tell(listener& to) {
    if (reports_.empty()) return false;
    telling_.swap(reports_);
    telling_failures_.swap(failures_);
    delivery good{};
    std::size_t failures = 0;
    for (auto& r : telling_) {
        good.offset = r.offset < 0 ? std::nullopt : std::optional{r.offset};
        to.delivered(r.token, r.failed ? telling_failures_[failures++] : good);
    }
    telling_.clear();
    telling_failures_.clear();
    return true;
}

bool producer::flush(listener& to) {
    rd_kafka_flush(rk_, flush_ms);
    while (tell(to)) serve();
    return rd_kafka_outq_len(rk_) == 0;
}

}  // namespace weir::transport::kafka
