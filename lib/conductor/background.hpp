// SPDX-License-Identifier: Apache-2.0
// Tasks and timers, which run beside the agents.
#pragma once
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/job.hpp>
#include <weir/segment/retryable.hpp>

#include "report.hpp"

namespace weir::detail {

/// A task or a timer. The app keeps it from run to run.
struct job_info {
    std::unique_ptr<job> what;
    duration interval{};  // zero: a task
    policy on_error{};
    bool started = false;  // in this run

    bool is_timer() const { return interval > duration::zero(); }
    std::string kind() const { return is_timer() ? "timer" : "task"; }
};

/// The tasks and timers of one run. Owned by the conductor, used on the loop's thread. A task is
/// called once. A timer is called at each point of its grid, which begins with the run. Points that
/// pass while a call is under way are left out.
class background {
public:
    struct failure {
        const job_info* what;
        std::exception_ptr error;
    };

    background(scheduler& loop, reporter& r) : loop_(loop), report_(r) {}

    /// The job begins in the next turn.
    void add(const job_info& j) { all_.push_back({&j}); }
    /// Calls what is due, and handles calls that have ended. True if there was any.
    bool turn(time_point now);
    time_point due() const;
    /// Failures whose policy says stop.
    std::vector<failure> take_failures() { return std::exchange(failures_, {}); }
    /// Whether every task has ended.
    bool idle() const;
    /// Cancels everything.
    void clear() { all_.clear(); }

private:
    struct running {
        const job_info* what;
        task<> work{};
        bool begun = false;
        bool under_way = false;  // a call is under way
        time_point next{};       // when the next call is due
        time_point grid{};       // the next point of a timer's grid
        retry_state tries{};
    };
    void call(running&);
    void call_ended(running&, time_point now);
    void failed(running&, const std::exception_ptr&, time_point now);

    scheduler& loop_;
    reporter& report_;
    std::deque<running> all_;  // addresses stay: a call may add one
    std::vector<failure> failures_;
};

}  // namespace weir::detail
