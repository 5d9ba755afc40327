// SPDX-License-Identifier: Apache-2.0
// A read takes the lock once for a batch, and does no work for each message.
#include "partition.hpp"

#include <algorithm>
#include <cassert>
#include <utility>

namespace weir::transport::memory {

weir::headers slice::headers(std::size_t i) const {
    assert(i < messages_.size());
    const auto at = piece_.from + i;
    const auto h = std::partition_point(headers_.begin(), headers_.end(),
                                        [at](const stored_headers& s) { return s.at < at; });
    return h != headers_.end() && h->at == at ? h->values : weir::headers{};
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
    r.from->messages.move_to_start(r.at, lost_);
    r.at.is_known = true;
    r.waiting = !r.from->messages.read(r.at, most, into.piece_);
    if (r.waiting) return false;
    const auto& [in, from, count] = into.piece_;
    into.messages_ = in->messages().subspan(from, count);
    into.headers_ = in->headers(from, from + count);
    return true;
}

/// A partition that was read to its end has nothing before it any more.
std::optional<offset> partition::position() const {
    std::lock_guard held{core_.lock};
    const auto& r = *reading_;
    return r.waiting ? std::max(r.at.next, r.from->messages.end()) : r.at.next;
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

}  // namespace weir::transport::memory
