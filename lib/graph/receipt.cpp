// SPDX-License-Identifier: Apache-2.0
#include <weir/graph/receipt.hpp>

#include <cassert>

namespace weir::detail {

void receipt::begin(const context& c) {
    assert(!in_use() && !inner_);
    from_ = &c.from, i_ = c.i, work_ = c.now.work;
    acked_ = by_hand_ = seen_ = false;
}

bool receipt::ack() {
    if (acked_ || (!from_ && !inner_)) return false;
    acked_ = true;
    inner_.release();
    if (from_ && !from_->let_go(i_) && work_) work_->acked = true;
    return true;
}

/// The body is done with it: the automatic acknowledgement, unless somebody still has a say.
void receipt::finish() {
    if (by_hand_ && seen_ && !acked_ && !inner_) inner_ = from_->hold_of(i_);
    else if (!by_hand_ && holds_ == 0) acked_ = true;
    if (by_hand_ && !seen_ && holds_ == 0) acked_ = true, inner_.release();
    if (work_) work_->acked = false;  // the cursor goes on
    from_ = nullptr, work_ = nullptr;
    if (!in_use()) last_gone();
}

void receipt::undo() {
    from_ = nullptr, work_ = nullptr;
    if (!in_use()) last_gone();
}

void receipt::add(std::int64_t number) {
    if (number == of_object) {
        ++handles_;
        return;
    }
    if (!inner_ && from_) inner_ = from_->hold_of(i_);
    ++holds_;
}

void receipt::drop(std::int64_t number) {
    if (number == of_object) --handles_;
    else if (--holds_ == 0 && !by_hand_) acked_ |= !from_, inner_.release();
    if (!in_use() && !from_) last_gone();
}

/// Nobody can acknowledge it any more.
void receipt::last_gone() {
    if (inner_ && by_hand_ && !acked_) inner_.forfeit();
    inner_.release();
    if (pool_) pool_->give_back(*this);
    else delete this;
}

receipts::~receipts() {
    for (auto* r : all_) {
        r->pool_ = nullptr, r->from_ = nullptr, r->work_ = nullptr;
        if (!r->in_use()) delete r;
    }
}

receipt& receipts::next() {
    if (free_.empty()) {
        all_.push_back(nullptr), free_.reserve(all_.capacity());  // giving back needs no memory
        return *(all_.back() = new receipt{owner_, *this});
    }
    auto* r = free_.back();
    free_.pop_back();
    return *r;
}

}  // namespace weir::detail
