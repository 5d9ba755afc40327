// SPDX-License-Identifier: Apache-2.0
// How messages are stored, and how a reader finds its position.
#include "log.hpp"

#include <algorithm>
#include <cassert>
#include <cstring>
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
        beside_ += sizeof(stored_headers);
        if (!headers_.empty() && *headers_.back().values == *r.headers) {
            headers_.push_back({count_, headers_.back().values});
        } else {
            headers_.push_back({count_, std::make_shared<const weir::headers>(*r.headers)});
            beside_ += size_of(*r.headers);
        }
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

log::log(std::size_t limit, const retention& keeps)
    : limit_(limit),
      keeps_(keeps),
      chunk_max_(std::clamp(std::min(limit, keeps.bytes.value_or(limit)) / chunks_of_a_limit,
                            chunk_first, chunk_most)) {
    if (keeps.compacted) compaction_.emplace(keeps.tombstones);
}

bool log::roll(const record& r, offset floor) {
    const auto usual =
        chunks_.empty() ? chunk_first : std::max(chunk_first, 2 * chunks_.back()->capacity());
    const auto capacity = std::max(chunk::needed(r), std::min(usual, chunk_max_));
    while (keeps_.bytes && chunks_.size() > 1 && size_ - chunks_.front()->size() >= *keeps_.bytes)
        drop_first();
    const auto is_full = [&] {
        return !compaction_ && !chunks_.empty() && size_ + capacity > limit_;
    };
    while (is_full() && chunks_.front()->end() <= floor) drop_first();
    if (is_full()) return false;
    chunks_.push_back(std::make_shared<chunk>(capacity));
    size_ += capacity;
    return true;
}

void log::drop_first() {
    if (compaction_)
        for (const auto& m : chunks_.front()->messages()) compaction_->removed(m);
    start_ = std::max(start_, chunks_.front()->end());
    size_ -= chunks_.front()->size();
    chunks_.pop_front();
}

void log::remove_before(offset at) {
    while (!chunks_.empty() && chunks_.front()->end() <= at) drop_first();
    start_ = std::max(start_, std::min(at, next_));
}

void log::move_to_start(cursor& c, std::optional<offset_range>& lost) const {
    if (c.next >= start_) return;
    if (c.is_known) lost = {lost ? lost->from : c.next, start_};
    c.next = start_;
    c.in.reset();
}

void log::append(const record& r, std::uint64_t number, timestamp now) {
    auto& last = *chunks_.back();
    const auto before = last.size();
    last.append(r, next_, number);
    size_ += last.size() - before;
    ++next_;
    if (compaction_) compaction_->appended(last.messages().back(), now);
}

const message* log::first() const {
    for (const auto& c : chunks_) {
        const auto all = c->messages();
        const auto at = std::partition_point(all.begin(), all.end(),
                                             [&](const message& m) { return m.offset < start_; });
        if (at != all.end()) return &*at;
    }
    return nullptr;
}

void log::expire(timestamp now) {
    if (!keeps_.age) return;
    for (const auto* m = first(); m && m->timestamp < now - *keeps_.age; m = first())
        remove_before(m->offset + 1);
}

// -------------------------------------------------------------------------------------- compaction

void log::compact_some(timestamp now) {
    if (!compaction_) return;
    if (!pass_ && size_ > limit_ && compaction_->is_due(now)) begin_pass(now);
    for (std::size_t looked = 0; pass_ && looked < 4 * chunks_.back()->capacity();)
        looked += step();
}

void log::compact(timestamp now) {
    expire(now);
    if (!compaction_) return;
    while (pass_) step();
    begin_pass(now);
    while (pass_) step();
}

void log::begin_pass(timestamp now) {
    compaction_->begin_pass(now);
    pass_ = pass{start_, next_};
}

/// A piece of the pass. Returns how many bytes were looked at.
std::size_t log::step() {
    const auto end = std::find_if(chunks_.begin(), chunks_.end(), [this](const auto& c) {
        return c->messages().empty() || c->messages().front().offset >= pass_->end;
    });
    const auto from = std::partition_point(chunks_.begin(), end,
                                           [this](const auto& c) { return c->end() <= pass_->at; });
    if (from != end) return pass_->takes ? take(from, end) : look(**from);
    if (pass_->takes) {
        compaction_->end_pass();
        pass_.reset();
    } else {
        pass_ = pass{start_, pass_->end, true};
    }
    return 0;
}

std::size_t log::look(const chunk& c) {
    assert(c.end() <= pass_->end && "a pass begins behind a whole chunk, or ends at once");
    for (const auto& m : c.messages())
        if (m.offset >= start_) compaction_->look_at(m);
    pass_->at = c.end();
    return c.size();
}

/// Makes one chunk of the next few, and not more than two of the largest take.
std::size_t log::take(chunks_of_log::iterator from, chunks_of_log::iterator end) {
    taken_.clear();
    std::size_t looked = 0, all = 0, stay = 0;
    auto to = from;
    const auto fits = [&] { return to == from || stay + (*to)->needed() <= 2 * chunk_max_; };
    while (to != end && looked < 2 * chunk_max_ && fits()) {
        for (const auto& m : (*to)->messages()) {
            const bool gone = m.offset < start_;
            if (gone) compaction_->removed(m);
            taken_.push_back(!gone && compaction_->take(m));
            if (taken_.back()) stay += chunk::needed(m);
        }
        all += (*to)->messages().size();
        looked += (*to)->size();
        pass_->at = (*to)->end();
        ++to;
    }
    const auto staying = static_cast<std::size_t>(std::count(taken_.begin(), taken_.end(), 1));
    if (staying == all && std::distance(from, to) == 1) return looked;
    const auto made = copy_taken(from, to, stay);
    for (auto c = from; c != to; ++c) size_ -= (*c)->size();
    const auto hole = chunks_.erase(from, to);
    if (staying > 0) chunks_.insert(hole, made);
    size_ += staying > 0 ? made->size() : 0;
    ++edition_;
    return looked;
}

std::shared_ptr<chunk> log::copy_taken(chunks_of_log::iterator from, chunks_of_log::iterator to,
                                       std::size_t capacity) {
    auto made = std::make_shared<chunk>(capacity);
    auto stays = taken_.begin();
    for (auto c = from; c != to; ++c) {
        const auto all = (*c)->messages();
        const auto numbers = (*c)->numbers();
        for (std::size_t i = 0; i < all.size(); ++i) {
            if (!*stays++) continue;
            const auto& m = all[i];
            const auto h = (*c)->headers(i, i + 1);
            record r{.key = m.key, .value = m.value, .timestamp = m.timestamp};
            if (!h.empty()) r.headers = h.front().values.get();
            made->append(r, m.offset, numbers[i]);
        }
    }
    return made;
}

bool log::find(cursor& c) const {
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
    if (c.edition != edition_) {  // its chunk may have been replaced
        c.in.reset();
        c.edition = edition_;
    }
    if (!c.in || c.at == c.in->messages().size()) {
        if (c.next >= next_ || !find(c)) return false;
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
