// SPDX-License-Identifier: Apache-2.0
#include "background.hpp"

#include <algorithm>

namespace weir::detail {

bool background::turn(time_point now) {
    bool busy = false;
    for (std::size_t i = 0; i < all_.size(); ++i) {
        auto& r = all_[i];
        const auto every = r.what->interval;
        if (!r.begun) r.begun = true, r.next = r.grid = later(now, every), busy = true;
        if (r.called) {
            if (!r.work.done()) continue;
            look(r, now), busy = true;
        }
        if (now < r.next) continue;
        busy = true;
        call(r);
        if (r.work.done()) look(r, now);
    }
    return busy;
}

void background::call(running& r) {
    r.called = true, r.next = time_point::max();
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

/// A call has ended: when is the next?
void background::look(running& r, time_point now) {
    std::exception_ptr error;
    try {
        if (r.work) r.work.result();
    } catch (...) {
        error = std::current_exception();
    }
    r.called = false, r.work = {};
    const auto every = r.what->interval;
    if (every > duration::zero() && r.grid <= now) r.grid += every * ((now - r.grid) / every + 1);
    r.next = every > duration::zero() ? r.grid : time_point::max();
    if (error && r.failed < r.what->on_error.retries()) {
        ++r.failed, r.next = later(now, r.what->on_error.backoff());
        return;
    }
    r.failed = 0;
    if (error) failures_.push_back({r.what, error});
}

time_point background::due() const {
    auto at = time_point::max();
    for (auto& r : all_)
        if (!r.called) at = std::min(at, r.next);
    return at;
}

bool background::idle() const {
    return std::all_of(all_.begin(), all_.end(), [](const running& r) {
        const bool timer = r.what->interval > duration::zero();
        return timer || (r.begun && !r.called && r.next == time_point::max());
    });
}

}  // namespace weir::detail
