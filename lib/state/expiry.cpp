// SPDX-License-Identifier: Apache-2.0
#include <weir/state/expiry.hpp>

#include <algorithm>
#include <string>
#include <utility>

#include "changelog.hpp"

namespace weir::detail {

expiry::expiry(std::chrono::milliseconds ttl)
    : ttl_(ttl), width_(std::max(ttl / slots, std::chrono::milliseconds{1})) {}

expiry::~expiry() = default;

void expiry::add(void* row, timestamp changed) {
    const auto slot = changed.time_since_epoch() / width_;
    auto at = slots_.lower_bound(slot);
    if (at == slots_.end() || at->first != slot) {
        at = slots_.emplace_hint(at, slot, std::vector<void*>{});
        at->second.swap(spare_);
    }
    at->second.push_back(row);
}

void* expiry::take(timestamp now) {
    if (taking_.empty()) {
        const auto first = slots_.begin();
        if (first == slots_.end() || !is_over(timestamp{(first->first + 1) * width_}, now))
            return nullptr;
        taking_.swap(first->second);
        spare_.swap(first->second);
        slots_.erase(first);
    }
    auto* row = taking_.back();
    taking_.pop_back();
    return row;
}

void expiry::note(timestamp before) { before_.push_back(before); }
timestamp expiry::before(std::size_t i) const { return before_[i]; }
void expiry::forget_all() { before_.clear(); }
void expiry::forget(std::size_t first) {
    before_.erase(before_.begin(), before_.begin() + static_cast<std::ptrdiff_t>(first));
}
timestamp expiry::take_last() {
    const auto t = before_.back();
    before_.pop_back();
    return t;
}

void write_changed(outgoing& into, timestamp time, timestamp changed) {
    if (!into.headers.empty() && into.headers.back().name == changed_header)
        into.headers.pop_back();
    if (changed <= time) return;
    into.headers.push_back(
        {changed_header, bytes{std::to_string(changed.time_since_epoch().count())}});
}

timestamp changed_of(const outgoing& from) {
    if (from.headers.empty() || from.headers.back().name != changed_header) return no_time;
    const auto ms = number_in(from.headers.back().value->view());
    return ms ? timestamp{std::chrono::milliseconds{*ms}} : no_time;
}

}  // namespace weir::detail
