// SPDX-License-Identifier: Apache-2.0
// A read takes the lock once for a batch, and does no work for each message.
#include "partition.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::transport::memory {

const weir::headers* slice::stored(std::size_t i) const {
    assert(i < messages_.size());
    const auto at = piece_.from + i;
    const auto h = std::partition_point(headers_.begin(), headers_.end(),
                                        [at](const stored_headers& s) { return s.at < at; });
    return h != headers_.end() && h->at == at ? h->values.get() : nullptr;
}

weir::headers slice::headers(std::size_t i) const {
    const auto* all = stored(i);
    return all ? *all : weir::headers{};
}

std::optional<bytes_view> slice::header_of(std::size_t i, std::string_view name) const {
    const auto* all = stored(i);
    if (!all) return {};
    const auto h = std::find_if(all->rbegin(), all->rend(),
                                [name](const header& one) { return one.name == name; });
    if (h == all->rend()) return {};
    return h->value ? bytes_view{*h->value} : bytes_view{};
}

partition::partition(std::shared_ptr<memory_broker> broker, core& c, std::shared_ptr<reader> r)
    : broker_(std::move(broker)), core_(c), reading_(std::move(r)) {}

std::unique_ptr<fetch> partition::read(std::size_t most, std::unique_ptr<fetch> recycled) {
    std::unique_ptr<slice> into{static_cast<slice*>(recycled.release())};
    if (!into) into = spare_ ? std::move(spare_) : std::make_unique<slice>();
    if (read(most, *into)) return into;
    *into = slice{};  // so that an idle partition keeps no chunk alive
    spare_ = std::move(into);
    return nullptr;
}

bool partition::read(std::size_t most, slice& into) {
    // If this is the last owner, the chunk is freed outside of the lock.
    const auto before = into.piece_.in;
    std::lock_guard held{core_.lock};
    auto& r = *reading_;
    if (!r.readable) return false;
    auto& log = r.from->messages;
    if (log.expires()) log.expire(core_.now());
    log.move_to_start(r.at, lost_);
    r.at.is_known = true;
    r.waiting = !log.read(r.at, most, into.piece_);
    if (r.waiting) {  // nothing before the end will ever be read
        r.at.next = std::max(r.at.next, log.end());
        return false;
    }
    const auto& [in, from, count] = into.piece_;
    into.messages_ = in->messages().subspan(from, count);
    into.headers_ = in->headers(from, from + count);
    return true;
}

std::optional<offset> partition::position() const {
    std::lock_guard held{core_.lock};
    return reading_->at.next;
}

bool partition::seek(offset to) {
    std::lock_guard held{core_.lock};
    reading_->at = {};
    reading_->at.next = to;
    reading_->at.is_known = true;
    reading_->waiting = false;
    return true;
}

std::optional<offset> partition::end() const {
    std::lock_guard held{core_.lock};
    return reading_->from->messages.end();
}

outside_reader::~outside_reader() {
    std::lock_guard held{core_.lock};
    if (!reading_->readable) return;  // its member has gone
    core::close(*reading_);
    std::erase(reading_->owner->readers, reading_);
}

}  // namespace weir::transport::memory
