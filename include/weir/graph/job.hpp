// SPDX-License-Identifier: Apache-2.0
// What an app runs beside its agents: tasks and timers.
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/fwd.hpp>
#include <weir/policy.hpp>
#include <weir/task.hpp>

namespace weir::detail {

/// A function that is called once or again and again. A std::function would cost compile time.
/// Lives as long as the app, and so longer than the coroutines that it makes.
class job {
public:
    virtual ~job() = default;
    /// Returns a finished task if the function is not a coroutine.
    virtual task<> call() = 0;
};
template <class F>
class job_of final : public job {
public:
    explicit job_of(F f) : f_(std::move(f)) {}
    task<> call() override {
        static_assert(calls<F>, "weir: app.task(f) and app.timer(interval, f): f is called without "
                                "arguments");
        if constexpr (gives_task<F>) {
            static_assert(gives_nothing<F>,
                          "weir: a task or a timer returns weir::task<>, or void: nobody would get "
                          "its result");
            return f_();
        } else if constexpr (calls<F>) {
            f_();
            return {};
        }
    }

private:
    F f_;
};

}  // namespace weir::detail
