// SPDX-License-Identifier: Apache-2.0
// How messages are stored, and how a reader finds its position.
#include "log.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
#include <limits>
#include <new>
#include <type_traits>

namespace weir::transport::memory {
namespace {

constexpr std::size_t chunk_first = std::size_t{4} << 10;   // most topics of a test stay small
constexpr std::size_t chunk_most = std::size_t{512} << 10;  // a few thousand messages a read
constexpr std::size_t chunks_of_a_limit = 16;               // retention drops a chunk at a time

}  // namespace

static_assert(std::is_trivially_destructible_v<message>, "a chunk destroys no message");
static_assert(alignof(message) <= __STDCPP_DEFAULT_NEW_ALIGNMENT__);

chunk::chunk(std::size_t capacity)
    : capacity_(capacity),
      storage_(std::make_unique_for_overwrite<char[]>(capacity)),
      first_(reinterpret_cast<message*>(storage_.get())),
      low_(storage_.get() + capacity) {}

bytes_view chunk::put(bytes_view bytes) {
    if (bytes.is_null()) return {};
    low_ -= bytes.size();
    std::memcpy(low_, bytes.data(), bytes.size());
    return {low_, bytes.size()};
}

void chunk::append(const record& r, weir::offset at, std::uint64_t number) {
    assert(fits(r) && at >= end());
    if (r.headers && !r.headers->empty()) {
        // Reserved once for all messages: a fetch points into it, so it must not move.
        if (headers_.capacity() == 0) headers_.reserve(free_bytes() / bookkeeping);
        assert(headers_.size() < headers_.capacity());
        headers_.push_back({count_, *r.headers});
        beside_ += sizeof(stored_headers) + size_of(*r.headers);
    }
    // Bytes grow downwards: written first, the value lies behind the key.
    const auto value = put(r.value);
    const auto key = put(r.key);
    low_ -= sizeof number;
    std::memcpy(low_, &number, sizeof number);
    new (first_ + count_) message{key, value, at, r.timestamp};
    ++count_;
}

std::span<const stored_headers> chunk::headers(std::size_t from, std::size_t to) const {
    if (headers_.empty()) return {};
    const auto at = [this](std::size_t i) {
        return std::partition_point(headers_.begin(), headers_.end(),
                                    [i](const stored_headers& h) { return h.at < i; });
    };
    return {at(from), at(to)};
}

std::vector<std::uint64_t> chunk::numbers() const {
    std::vector<std::uint64_t> all(count_);
    const char* low = storage_.get() + capacity_;
    for (std::size_t i = 0; i < count_; ++i) {
        low -= first_[i].key.size() + first_[i].value.size() + sizeof all[i];
        std::memcpy(&all[i], low, sizeof all[i]);
    }
    return all;
}

std::size_t size_of(const weir::headers& headers) {
    std::size_t sum = 0;
    for (const auto& h : headers) sum += h.name.size() + (h.value ? h.value->size() : 0);
    return sum;
}

log::log(std::size_t limit)
    : limit_(limit), chunk_max_(std::clamp(limit / chunks_of_a_limit, chunk_first, chunk_most)) {}

bool log::roll(const record& r, offset floor) {
    const auto usual = chunks_.empty() ? chunk_first : 2 * chunks_.back()->capacity();
    const auto capacity = std::max(chunk::needed(r), std::min(usual, chunk_max_));
    while (!chunks_.empty() && size_ + capacity > limit_ && chunks_.front()->end() <= floor) {
        size_ -= chunks_.front()->size();
        chunks_.pop_front();
    }
    if (!chunks_.empty() && size_ + capacity > limit_) return false;
    chunks_.push_back(std::make_shared<chunk>(capacity));
    size_ += capacity;
    return true;
}

void log::append(const record& r, std::uint64_t number) {
    auto& last = *chunks_.back();
    const auto before = last.size();
    last.append(r, next_, number);
    size_ += last.size() - before;
    ++next_;
}

void log::purge(offset upto) {
    begin_ = std::max(begin_, std::min(upto, next_));
    while (!chunks_.empty() && chunks_.front()->end() <= begin_) {
        size_ -= chunks_.front()->size();
        chunks_.pop_front();
    }
}

bool log::find(cursor& c) const {
    c.next = std::max(c.next, begin_);
    const auto in = std::partition_point(chunks_.begin(), chunks_.end(),
                                         [&](const auto& k) { return k->end() <= c.next; });
    if (in == chunks_.end()) return false;
    const auto all = (*in)->messages();
    const auto at = std::partition_point(all.begin(), all.end(),
                                         [&](const message& m) { return m.offset < c.next; });
    assert(at != all.end());
    c.in = *in;
    c.at = static_cast<std::size_t>(at - all.begin());
    return true;
}

bool log::read(cursor& c, std::size_t most, piece& into) const {
    if (!c.in || c.at == c.in->messages().size()) {
        if (c.next >= next_) return false;
        if (!find(c)) {
            c.next = next_;
            return false;
        }
    }
    const auto all = c.in->messages();
    into.from = c.at;
    into.count = std::min(most, all.size() - c.at);
    if (into.in != c.in) into.in = c.in;  // within one chunk no reference count changes
    c.at += into.count;
    c.next = into.count ? all[c.at - 1].offset + 1 : c.next;
    return into.count != 0;
}

}  // namespace weir::transport::memory
