// SPDX-License-Identifier: Apache-2.0
#include "producer.hpp"

#include <array>
#include <chrono>

#include <weir/error.hpp>

namespace weir::transport::kafka {
namespace {

constexpr auto flush_timeout = std::chrono::seconds{3};

rd_kafka_headers_t* made_of(const headers& all) {
    auto* made = rd_kafka_headers_new(all.size());
    for (auto& h : all)
        rd_kafka_header_add(made, h.name.data(), static_cast<ssize_t>(h.name.size()),
                            h.value ? h.value->data() : nullptr,
                            h.value ? static_cast<ssize_t>(h.value->size()) : 0);
    return made;
}

rd_kafka_vu_t argument(rd_kafka_vtype_t type) {
    rd_kafka_vu_t v{};
    v.vtype = type;
    return v;
}
rd_kafka_vu_t argument(rd_kafka_vtype_t type, bytes_view b) {
    auto v = argument(type);
    v.u.mem.ptr = const_cast<char*>(b.data()), v.u.mem.size = b.size();  // copied, not written to
    return v;
}

}  // namespace

producer::producer(const configuration& c, problems& p, ready_list& ready, std::uint32_t number)
    : callbacks(p),
      rk_(make(RD_KAFKA_PRODUCER, c.producer())),
      main_(rd_kafka_queue_get_main(rk_)) {
    ready.watch(main_.get(), number);
}

producer::~producer() {
    ready_list::unwatch(main_.get());
    main_.reset();
    topics_.clear();
    rd_kafka_destroy(rk_);
}

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
    reports_.push_back({token, delivery_text(e, topics_[r.topic].first)});
    return true;
}

rd_kafka_resp_err_t producer::produce(const record& r, std::uint64_t token,
                                      rd_kafka_headers_t* extra) {
    std::array<rd_kafka_vu_t, 8> all;
    std::size_t n = 0;
    all[n] = argument(RD_KAFKA_VTYPE_RKT), all[n++].u.rkt = topics_[r.topic].second.get();
    all[n] = argument(RD_KAFKA_VTYPE_MSGFLAGS), all[n++].u.i = RD_KAFKA_MSG_F_COPY;
    all[n] = argument(RD_KAFKA_VTYPE_PARTITION),
    all[n++].u.i32 = r.partition.value_or(RD_KAFKA_PARTITION_UA);
    all[n++] = argument(RD_KAFKA_VTYPE_VALUE, r.value);
    all[n++] = argument(RD_KAFKA_VTYPE_KEY, r.key);
    all[n] = argument(RD_KAFKA_VTYPE_TIMESTAMP),
    all[n++].u.i64 = r.timestamp.time_since_epoch().count();
    all[n] = argument(RD_KAFKA_VTYPE_OPAQUE),
    all[n++].u.ptr = reinterpret_cast<void*>(static_cast<std::uintptr_t>(token));
    if (extra) all[n] = argument(RD_KAFKA_VTYPE_HEADERS), all[n++].u.headers = extra;
    const error_handle e{rd_kafka_produceva(rk_, all.data(), n)};
    return e ? rd_kafka_error_code(e.get()) : RD_KAFKA_RESP_ERR_NO_ERROR;
}

void producer::delivered(const rd_kafka_message_t& m) {
    const auto token = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(m._private));
    reports_.push_back(
        {token, m.err ? delivery_text(m.err, rd_kafka_topic_name(m.rkt)) : std::string{}});
}

bool producer::tell(listener& to) {
    if (reports_.empty()) return false;
    delivery told;
    telling_.swap(reports_);
    for (auto& r : telling_) {
        told.failed = !r.failed.empty(), told.text.swap(r.failed);
        to.delivered(r.token, told);
        told.text.clear();
    }
    telling_.clear();
    return true;
}

void producer::flush(listener& to) {
    rd_kafka_flush(rk_, static_cast<int>(std::chrono::milliseconds{flush_timeout}.count()));
    while (tell(to)) serve();
}

}  // namespace weir::transport::kafka
