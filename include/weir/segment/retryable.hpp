// SPDX-License-Identifier: Apache-2.0
// What can fail and be tried again.
#pragma once
#include <cassert>
#include <cstddef>

#include <weir/clock.hpp>
#include <weir/policy.hpp>
#include <weir/segment/segment.hpp>

namespace weir::detail {

/// How often something has failed, and when it may be tried again. The only implementation of
/// `retry(n, backoff)`: messages, calls, decodes, sends and tasks have one each.
class retry_state {
public:
    /// Counts a failure. True if the policy has a retry left: it is due at `due()`. Else the count
    /// begins again, and the caller applies the policy that follows the retries.
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
    /// True while it has failed and the backoff is not over.
    bool waits(time_point now) const { return failures_ > 0 && now < due_; }
    void reset() { *this = {}; }

private:
    int failures_ = 0;
    time_point due_{};
};

/// A message at a cursor, or an asynchronous call. Whoever sees it fail tells the conductor, which
/// asks the policy and calls `retry` or `skip`.
struct retryable {
    retry_state tries{};
    /// All events of the message were acknowledged by hand: commits pass it, and it is not tried
    /// again.
    bool acked = false;

    virtual void retry() = 0;
    /// Gives it up, without a result.
    virtual void skip() = 0;
    virtual origins& from() = 0;
    virtual std::size_t at() const = 0;

protected:
    ~retryable() = default;
};

}  // namespace weir::detail
