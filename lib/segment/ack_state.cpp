// SPDX-License-Identifier: Apache-2.0
#include <weir/segment/ack_state.hpp>

#include <cassert>

namespace weir::detail {

// ----------------------------------------------------------------------------------- one message's
void ack_state::begin(const context& c, std::size_t nth) {
    assert(!in_use() && !inner_);
    from_ = &c.from;
    i_ = c.i;
    nth_ = nth;
    work_ = c.now.work;
    acked_ = by_hand_ = seen_ = failed_ = false;
}

bool ack_state::ack() {
    if (acked_ || failed_) return false;
    acked_ = true;
    inner_.release();
    if (from_) pool_->acknowledged(*this);
    return true;
}

/// Called when the body has returned: acknowledges the message, unless a hold or `noack` keeps it
/// open.
void ack_state::finish() {
    if (left_open()) {
        if (!inner_) inner_ = from_->hold_of(i_);
    } else if (holds_ == 0) {
        acked_ = true;
        inner_.release();
    }
    from_ = nullptr;
    work_ = nullptr;
    if (!in_use()) last_gone();
}

/// Called when the message has failed. Holds that were taken keep it open until they are released.
void ack_state::undo() {
    failed_ = !acked_;
    by_hand_ = false;
    if (holds_ == 0) inner_.release();
    from_ = nullptr;
    work_ = nullptr;
    if (!in_use()) last_gone();
}

void ack_state::add(std::int64_t number) {
    if (number == of_object) {
        ++handles_;
        return;
    }
    if (!inner_ && from_) inner_ = from_->hold_of(i_);
    ++holds_;
}

void ack_state::remove(std::int64_t number) {
    if (number == of_object) --handles_;
    else if (--holds_ == 0 && !left_open()) {
        acked_ |= !from_ && !failed_;
        inner_.release();
    }
    if (!in_use() && !from_) last_gone();
}

/// The message stays open without `ack()`, as behind `noack()`.
void ack_state::forfeit(std::int64_t number) {
    if (number == of_message) by_hand_ = seen_ = true;
    remove(number);
}

/// Nobody can acknowledge the message any more.
void ack_state::last_gone() {
    if (left_open()) inner_.forfeit();
    inner_.release();
    if (pool_) pool_->give_back(*this);
    else delete this;
}

// --------------------------------------------------------------------------------------------- all
ack_states::ack_states(std::shared_ptr<release_queue> releases) : releases_(std::move(releases)) {}
ack_states::~ack_states() {
    for (auto* r : all_) {
        if (!r) continue;  // it could not be allocated
        r->pool_ = nullptr;
        r->from_ = nullptr;
        r->work_ = nullptr;
        if (!r->in_use()) delete r;
    }
}

ack_state& ack_states::begin(const context& c) {
    auto& r = next();
    r.begin(c, at_work_.size());
    at_work_.push_back(&r);
    ++unacked_;
    through_ = false;
    if (r.work_) r.work_->acked = false;  // one more event has to be acknowledged
    return r;
}

ack_state& ack_states::next() {
    if (free_.empty()) {
        all_.push_back(nullptr);
        // reserved now: later calls must not allocate
        free_.reserve(all_.capacity());
        at_work_.reserve(all_.capacity());
        return *(all_.back() = new ack_state{releases_, *this});
    }
    auto* r = free_.back();
    free_.pop_back();
    return *r;
}

void ack_states::give_back(ack_state& r) { free_.push_back(&r); }
void ack_states::acknowledged(const ack_state& r) {
    if (--unacked_ == 0 && r.work_) r.work_->acked = true;
    if (through_) release_if_all_acked(r);
}

/// If a hold keeps the message open and all its events are acknowledged, releases the hold. Returns
/// the index behind these events.
std::size_t ack_states::release_if_all_acked(const ack_state& r) {
    const auto same = [&](const ack_state& other) {
        return other.from_ == r.from_ && other.i_ == r.i_;
    };
    auto first = r.nth_, last = r.nth_ + 1;
    while (first > 0 && same(*at_work_[first - 1])) --first;
    while (last < at_work_.size() && same(*at_work_[last])) ++last;
    bool all = true;
    for (auto n = first; n < last; ++n) all &= at_work_[n]->acked_;
    if (all) r.from_->release(r.i_);
    return last;
}

void ack_states::release_acked() {
    if (unacked_ == at_work_.size()) return;  // no event was acknowledged by hand
    for (std::size_t n = 0; n < at_work_.size();) n = release_if_all_acked(*at_work_[n]);
}

void ack_states::finish() {
    release_acked();
    for (auto* r : at_work_) {
        if (r->work_) r->work_->acked = false;  // the cursor moves on
        r->finish();
    }
    at_work_.clear();
    unacked_ = 0;
}

void ack_states::undo() {
    release_acked();
    for (auto* r : at_work_) r->undo();
    at_work_.clear();
    unacked_ = 0;
}

}  // namespace weir::detail
