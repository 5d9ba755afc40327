// SPDX-License-Identifier: Apache-2.0
// For tests of what runs on other threads: they meet here, and nobody sleeps.
#pragma once
#include <condition_variable>
#include <mutex>

namespace weir::testing {

/// Closed until it is opened: calls on other threads wait for each other at it.
class barrier {
public:
    void open() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }
    void pass() {
        std::unique_lock lock{mutex_};
        ++inside_;
        changed_.notify_all();
        changed_.wait(lock, [&] { return open_; });
    }
    void wait_for(int n) {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [&] { return inside_ >= n; });
    }

private:
    std::mutex mutex_;
    std::condition_variable changed_;
    bool open_ = false;
    int inside_ = 0;
};

}  // namespace weir::testing
