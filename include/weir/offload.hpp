// SPDX-License-Identifier: Apache-2.0
// Blocking calls on other threads: `co_await weir::offload(f)`.
#pragma once
#include <atomic>
#include <coroutine>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

#include <weir/task.hpp>

namespace weir {
namespace detail {

/// One call: made by a coroutine, run by a thread of the pool, and returned to the loop. All three
/// share it, so each may be destroyed before the others.
class offloaded {
public:
    virtual ~offloaded() = default;
    /// Runs on a thread of the pool.
    virtual void run() noexcept = 0;

    // used by the loop: the coroutine that waits; null if none does any more
    suspended waiting{};
    std::atomic<bool> unwanted = false;  // nobody waits any more: the call need not begin
};

template <class F>
class offloaded_of final : public offloaded {
public:
    using result_type = std::invoke_result_t<F&>;
    explicit offloaded_of(F f) : f_(std::move(f)) {}
    void run() noexcept override {
        try {
            if constexpr (std::is_void_v<result_type>) {
                (*f_)();
                result_.emplace();
            } else result_.emplace((*f_)());
        } catch (...) { error_ = std::current_exception(); }
        f_.reset();  // destroys now what `f` owns, not together with the result
    }
    result_type result() {
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
        if constexpr (!std::is_void_v<result_type>) return std::move(*result_);
    }

private:
    struct nothing {};
    using kept = std::conditional_t<std::is_void_v<result_type>, nothing, result_type>;
    std::optional<F> f_;
    std::optional<kept> result_;
    std::exception_ptr error_;
};

template <class F>
class offloading {
public:
    explicit offloading(F f) : call_(std::make_shared<offloaded_of<F>>(std::move(f))) {}
    offloading(const offloading&) = delete;
    offloading& operator=(const offloading&) = delete;
    ~offloading() {
        call_->waiting = {};
        call_->unwanted = true;
    }

    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> h) {
        call_->waiting = {h, h.promise().by};
        h.promise().loop->offload(call_);
    }
    auto await_resume() { return call_->result(); }

private:
    std::shared_ptr<offloaded_of<F>> call_;
};

}  // namespace detail

/// `auto answer = co_await weir::offload(std::move(f))`: calls `f` on one of the app's
/// `offload_threads`. The loop turns meanwhile; the coroutine goes on there with the result or the
/// exception. `f` is moved to the other thread and may not use what belongs to the loop. If
/// `offload_max` calls wait for a thread, the next one waits for room. **g++ 12: give a lambda that
/// captures a name first, and move it in**; written inside the `co_await` it is destroyed twice
/// (docs/coroutines.md).
///
/// Time     the machine's; on a virtual clock the test driver waits for the call
/// Errors   what `f` throws is thrown by the co_await
/// Cost     two changes of thread and one allocation
template <class F>
auto offload(F&& f) {
    static_assert(std::is_invocable_v<std::decay_t<F>&>,
                  "weir: offload(f): f is called without arguments, on another thread: "
                  "offload([name] { return read(name); })");
    return detail::offloading<std::decay_t<F>>{std::forward<F>(f)};
}

}  // namespace weir
