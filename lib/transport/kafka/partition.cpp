// SPDX-License-Identifier: Apache-2.0
// The way of a message is here and nowhere else: no allocation, no lock of ours, one call a batch.
#include "partition.hpp"

#include <algorithm>
#include <array>
#include <cassert>

namespace weir::transport::kafka {
namespace {

bytes_view view(const void* data, std::size_t size) {
    return data ? bytes_view{static_cast<const char*>(data), size} : bytes_view{};
}

/// Whether a message surely has no headers. To say so, librdkafka allocates, which takes as long as
/// sending the message. But it leaves a record where it came in: the value's size is before it, as
/// a varint, and the number of headers behind it. Records of before Kafka 0.11 begin otherwise and
/// have no headers; at their end may be the end of the buffer.
[[gnu::no_sanitize("address")]] bool has_no_headers(const rd_kafka_message_t& m) {
    constexpr unsigned more = 0x80;  // of a varint: another byte follows
    constexpr std::size_t size_max = 5;
    const auto* value = static_cast<const unsigned char*>(m.payload);
    if (!value) return false;
    std::array<unsigned char, size_max> size{};
    std::size_t n = 0;
    for (auto left = m.len * 2; n < size_max; left >>= 7) {  // zigzag
        size[n++] = static_cast<unsigned char>((left & (more - 1)) | (left >= more ? more : 0));
        if (left < more) break;
    }
    return std::equal(size.begin(), size.begin() + n, value - n) && value[m.len] == 0;
}

}  // namespace

void batch::add(rd_kafka_message_t* m) {
    rd_kafka_timestamp_type_t type;
    const auto ms = rd_kafka_message_timestamp(m, &type);
    raw_.push_back(m);
    views_.push_back({view(m->key, m->key_len), view(m->payload, m->len), m->offset,
                      timestamp{std::chrono::milliseconds{ms}}});
}

void batch::clear() {
    for (auto* m : raw_) rd_kafka_message_destroy(m);
    raw_.clear();
    views_.clear();
    messages_ = {};
}

weir::headers batch::headers(std::size_t i) const {
    assert(i < raw_.size());
    weir::headers all;
    if (has_no_headers(*raw_[i])) return all;
    rd_kafka_headers_t* from = nullptr;
    if (rd_kafka_message_headers(raw_[i], &from) != RD_KAFKA_RESP_ERR_NO_ERROR) return all;
    const char* name;
    const void* value;
    std::size_t size;
    for (std::size_t n = 0;
         rd_kafka_header_get_all(from, n, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++n)
        all.push_back({name, value ? std::optional{bytes{view(value, size)}} : std::nullopt});
    return all;
}

std::optional<bytes_view> batch::header_of(std::size_t i, std::string_view wanted) const {
    assert(i < raw_.size());
    std::optional<bytes_view> found;
    rd_kafka_headers_t* from = nullptr;
    if (rd_kafka_message_headers(raw_[i], &from) != RD_KAFKA_RESP_ERR_NO_ERROR) return found;
    const char* name;
    const void* value;
    std::size_t size;
    for (std::size_t n = 0;
         rd_kafka_header_get_all(from, n, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR; ++n)
        if (name == wanted) found = view(value, size);
    return found;
}

std::unique_ptr<fetch> partition::read(std::size_t most, std::unique_ptr<fetch> recycled) {
    auto& shared = *shared_;
    std::unique_ptr<batch> into{static_cast<batch*>(recycled.release())};
    if (into) into->clear();
    auto& s = *slot_;
    if (!s.readable || !s.ready || most == 0) {
        if (into) shared.free.push_back(std::move(into));
        return nullptr;
    }
    if (shared.raw.size() < most) shared.raw.resize(most);
    const auto got = rd_kafka_consume_batch_queue(s.queue, 0, shared.raw.data(), most);
    const auto count = got > 0 ? static_cast<std::size_t>(got) : 0;
    if (!into && count > 0) {
        if (shared.free.empty()) into = std::make_unique<batch>(shared.from);
        else {
            into = std::move(shared.free.back());
            shared.free.pop_back();
        }
    }
    if (count > 0) look_at_start();
    std::size_t bytes = 0;
    for (std::size_t i = 0; i < count; ++i) {
        auto* m = shared.raw[i];
        s.at_end = m->err == RD_KAFKA_RESP_ERR__PARTITION_EOF;
        if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
            if (m->offset > s.next) jumped(m->offset);
            s.next = m->offset + 1;
            s.heard = true;
            bytes += m->len + m->key_len;
            into->add(m);
            continue;
        }
        if (s.at_end) {  // its offset is the next message's
            if (m->offset > s.next) jumped(m->offset);
            s.next = m->offset;
            s.heard = true;
        } else {
            auto p =
                consumer_problem(m->err, rd_kafka_message_errstr(m), s.tp.topic, s.tp.partition);
            p.fatal |= s.outside && is_gone(m->err);
            shared.problems_.add(std::move(p));
        }
        rd_kafka_message_destroy(m);
    }
    if (count == 0) {
        s.ready = false;
        if (into) shared.free.push_back(std::move(into));
        return nullptr;
    }
    if (shared.few.messages > 0) wake(count, bytes);
    into->show();
    if (!into->messages().empty()) return into;
    shared.free.push_back(std::move(into));  // there were errors alone
    return nullptr;
}

/// What the last fetch brought along; nobody is asked.
std::optional<offset> partition::end() const {
    std::int64_t low = 0, high = 0;
    const auto bad = rd_kafka_get_watermark_offsets(shared_->from->rk, slot_->tp.topic.c_str(),
                                                    slot_->tp.partition, &low, &high);
    return bad || high < 0 ? std::nullopt : std::optional<offset>{high};
}

std::optional<offset> partition::position() const {
    return slot_->next < 0 ? std::nullopt : std::optional{slot_->next};
}

/// librdkafka numbers what it fetches: from this call on it drops what was fetched before, also
/// what is still on its way. So its answer, which comes later, need not be waited for. It refuses
/// only for a partition that it is giving up.
bool partition::seek(offset to) {
    auto& s = *slot_;
    if (!s.readable) return false;
    auto list = new_list(1);
    add(list, s.tp).offset = to;
    const error_handle bad{rd_kafka_seek_partitions(shared_->from->rk, list.get(), 0)};
    if (bad || list->elems[0].err != RD_KAFKA_RESP_ERR__IN_PROGRESS) return false;
    s.next = to;
    s.start = -1;
    s.at_end = false;
    return true;
}

/// Each fetch has brought it along. What lies in the queue may be older, so it is looked at before
/// a jump is met.
void partition::look_at_start() {
    auto& s = *slot_;
    if (s.next < 0 || s.start > s.next) return;
    std::int64_t low = 0, high = 0;
    const auto bad = rd_kafka_get_watermark_offsets(shared_->from->rk, s.tp.topic.c_str(),
                                                    s.tp.partition, &low, &high);
    if (!bad && low > s.next) s.start = low;
}

/// Offsets that were never messages (compaction, transactions) are jumped over as well, but not as
/// far as to the log's start.
void partition::jumped(offset to) {
    auto& s = *slot_;
    if (s.next < 0 || s.start <= s.next || to < s.start) return;
    s.lost = {s.lost ? s.lost->from : s.next, s.start};
}

/// Before 2.2 the broker's thread sleeps up to a second when every partition has enough, and
/// reading does not wake it. Asking it anything does; the answer is not waited for.
void partition::wake(std::size_t taken, std::size_t bytes) {
    const auto left = rd_kafka_queue_length(slot_->queue);
    auto below = shared_->few.messages;
    // large messages: the limit of bytes comes first
    if (bytes > 0) below = std::min(below, shared_->few.bytes / (bytes / taken + 1));
    if (left >= below || left + taken < below) return;
    auto list = new_list(1);
    add(list, slot_->tp).offset = 1;
    rd_kafka_offsets_for_times(shared_->from->rk, list.get(), 0);
}

}  // namespace weir::transport::kafka
