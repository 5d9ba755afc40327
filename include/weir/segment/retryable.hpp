// SPDX-License-Identifier: Apache-2.0
// What fails and may be tried again.
#pragma once
#include <cassert>
#include <cstddef>

#include <weir/clock.hpp>
#include <weir/policy.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// How often something has failed, and when it may be tried again. The one implementation of
/// `retry(n, backoff)`: a message, a decode, a send and a task each have one.
class retry_state {
public:
    /// Counts a failure. True if the policy lets it be tried again, at `due`. Else the count begins
    /// anew, and the policy's last word holds.
    bool retry(const policy& p, time_point now) {
        if (failures_ >= p.retries()) {
            *this = {};
            return false;
        }
        ++failures_;
        due_ = later(now, p.backoff());
        return true;
    }
    bool failed() const { return failures_ > 0; }
    int failures() const { return failures_; }
    time_point due() const { return due_; }
    /// It has failed, and its backoff is not over.
    bool waits(time_point now) const { return failures_ > 0 && now < due_; }
    void reset() { *this = {}; }

private:
    int failures_ = 0;
    time_point due_{};
};

/// A message at a cursor, or an asynchronous call. Who sees it fail reports it; the conductor asks
/// the policy and calls `retry` or `skip`.
struct retryable {
    retry_state tries{};
    /// Everything made of the message was acknowledged by hand: commits pass it, and it is not tried
    /// again.
    bool acked = false;

    virtual void retry() = 0;
    /// It is done with, without a result.
    virtual void skip() = 0;
    virtual origins& from() = 0;
    virtual std::size_t at() const = 0;

protected:
    ~retryable() = default;
};

}  // namespace weir::detail
