// SPDX-License-Identifier: Apache-2.0
#include "background.hpp"

#include <algorithm>

namespace weir::detail {

bool background::turn(time_point now) {
    bool busy = false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        auto& r = all_[i];
        if (!r.begun) {
            r.begun = true;
            r.grid = later(now, r.what->interval);
            r.next = r.grid;
            busy = true;
        }
        if (r.under_way) {
            if (!r.work.done()) continue;
            call_ended(r, now);
            busy = true;
        }
        if (now < r.next) continue;
        busy = true;
        call(r);
        if (r.work.done()) call_ended(r, now);
    }
    return busy;
}

void background::call(running& r) {
    r.under_way = true;
    r.next = time_point::max();
    try {
        r.work = r.what->what->call();
        if (!r.work.done()) r.work.start(loop_);
    } catch (...) {
        r.work = [](std::exception_ptr e) -> task<> {
            std::rethrow_exception(e);
            co_return;
        }(std::current_exception());
        r.work.start(loop_);
    }
}

void background::call_ended(running& r, time_point now) {
    std::exception_ptr error;
    try {
        if (r.work) r.work.result();
    } catch (...) { error = std::current_exception(); }
    r.under_way = false;
    r.work = {};
    const auto every = r.what->interval;
    if (r.what->is_timer() && r.grid <= now)
        r.grid = later(r.grid + (now - r.grid) / every * every, every);
    r.next = r.what->is_timer() ? r.grid : time_point::max();
    if (error) failed(r, error, now);
    else r.tries.reset();
}

void background::failed(running& r, const std::exception_ptr& error, time_point now) {
    const auto& policy = r.what->on_error;
    const error_report report{r.what->kind(), {}, {}, -1, -1, text_of(error)};
    if (r.tries.retry(policy, now)) {
        r.next = r.tries.due();
        report_.hooks().retried(report);
        return;
    }
    report_.failed(report, policy);
    if (policy.last() != policy::action::skip) failures_.push_back({r.what, error});
}

time_point background::due() const {
    auto at = time_point::max();
    for (auto& r : all_)
        if (!r.under_way) at = std::min(at, r.next);
    return at;
}

bool background::idle() const {
    return std::all_of(all_.begin(), all_.end(), [](const running& r) {
        const bool has_ended = r.begun && !r.under_way && r.next == time_point::max();
        return r.what->is_timer() || has_ended;
    });
}

}  // namespace weir::detail
