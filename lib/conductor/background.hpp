// SPDX-License-Identifier: Apache-2.0
// Tasks and timers: what runs beside the agents while the app runs.
#pragma once
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/graph/job.hpp>

namespace weir::detail {

/// A task, or a timer, as the app keeps it from run to run.
struct job_info {
    std::unique_ptr<job> what;
    duration interval{};  // zero: a task
    policy on_error{};
    bool started = false;  // in this run

    std::string kind() const { return interval > duration::zero() ? "timer" : "task"; }
};

/// Of one run; owned by the conductor, used on the loop's thread. A task is called once, a timer at
/// every point of its grid that has not been missed: the grid begins with the run, and a call that
/// is still under way when the next is due stands for that one too.
class background {
public:
    struct failure {
        const job_info* what;
        std::exception_ptr error;
    };

    explicit background(scheduler& loop) : loop_(loop) {}

    /// Begins at the next turn.
    void add(const job_info& j) { all_.push_back({&j}); }
    /// Calls what is due, and looks at what has ended. True if there was any.
    bool turn(time_point now);
    time_point due() const;
    /// Failures that no retry is left for.
    std::vector<failure> take_failures() { return std::exchange(failures_, {}); }
    /// Tasks that have not ended.
    bool idle() const;
    /// Everything is cancelled.
    void clear() { all_.clear(); }

private:
    struct running {
        const job_info* what;
        task<> work{};
        bool begun = false, called = false;  // called: under way
        time_point next{};                   // call
        time_point grid{};                   // a timer's next point
        int failed = 0;                      // attempts of this call
    };
    void call(running&);
    void look(running&, time_point now);

    scheduler& loop_;
    std::deque<running> all_;  // addresses stay: a call may add one
    std::vector<failure> failures_;
};

}  // namespace weir::detail
