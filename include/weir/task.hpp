// SPDX-License-Identifier: Apache-2.0
// Coroutines: one type of task. The loop resumes them, since g++ 12 has no reliable symmetric
// transfer.
#pragma once
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/fwd.hpp>

namespace weir {
namespace detail {

class offloaded;
class boundary;
class table_info;
struct message_at_work;

/// What a coroutine works for. What the coroutine sends holds the message that `working_on`
/// returns; what it changes in tables becomes real when that message is finished.
class worker {
public:
    virtual hold working_on() = 0;
    /// The stage whose call it is; null if it is none's.
    virtual const boundary* stage() const { return nullptr; }
    virtual message_at_work in_work() const = 0;

    /// Notes that it has a change in this table.
    void changes(table_info&);
    /// The message is finished.
    void apply_changes() {
        if (!changed_.empty()) apply_all();
    }
    /// The message has failed, or its partition is lost.
    void forget_changes() {
        if (!changed_.empty()) forget_all();
    }

protected:
    ~worker() = default;

private:
    void apply_all();
    void forget_all();
    std::vector<table_info*> changed_{};
};
/// A coroutine that waits.
struct suspended {
    std::coroutine_handle<> who{};
    worker* by = nullptr;  // null: no coroutine
};

/// The loop, as coroutines see it. It does not own handles: a coroutine that is destroyed while it
/// waits here is removed first (`~task` does it).
class scheduler {
public:
    virtual void ready(suspended) = 0;
    virtual void wake_in(duration, suspended) = 0;
    /// The coroutine is destroyed: do not resume it.
    virtual void forget(std::coroutine_handle<>) noexcept = 0;
    /// Runs a blocking call on another thread, then resumes the coroutine that waits.
    virtual void offload(std::shared_ptr<offloaded>) = 0;
    /// This stage orders its calls by key, and a message of a stream without keys has come.
    virtual void has_no_key(const boundary&) = 0;

    worker* at_work = nullptr;  // that of the coroutine that runs now

protected:
    ~scheduler() = default;
};

/// Memory for coroutine frames. Each thread keeps some freed ones for the next call (lib/task.cpp).
void* take_frame(std::size_t);
void give_frame(void*, std::size_t) noexcept;

struct promise_base {
    std::coroutine_handle<> parent;
    scheduler* loop = nullptr;  // the outermost task's; co_await passes it on
    worker* by = nullptr;       // the same
    std::exception_ptr error;

    struct wake_parent {
        promise_base& of;
        bool await_ready() noexcept { return false; }
        void await_suspend(std::coroutine_handle<>) noexcept {
            if (of.parent) of.loop->ready({of.parent, of.by});
        }
        void await_resume() noexcept {}
    };
    std::suspend_always initial_suspend() noexcept { return {}; }
    wake_parent final_suspend() noexcept { return {*this}; }
    void unhandled_exception() { error = std::current_exception(); }

    static void* operator new(std::size_t n) { return take_frame(n); }
    static void operator delete(void* p, std::size_t n) noexcept { give_frame(p, n); }
};

template <class T>
struct promise_of : promise_base {
    std::optional<T> value;
    void return_value(T v) { value.emplace(std::move(v)); }
    T result() {
        if (error) std::rethrow_exception(error);
        return std::move(*value);
    }
};
template <>
struct promise_of<void> : promise_base {
    void return_void() {}
    void result() {
        if (error) std::rethrow_exception(error);
    }
};

}  // namespace detail

/// What an asynchronous function returns. It starts when it is awaited, or when the loop starts it,
/// and runs on the loop's thread. It owns its frame: a suspended task that is destroyed is
/// cancelled, and its locals are destroyed. It may await another task, `weir::sleep`,
/// `weir::offload` and a send. docs/coroutines.md says what has to live how long.
template <class T = void>
class [[nodiscard]] task {
public:
    struct promise_type : detail::promise_of<T> {
        task get_return_object() {
            return task{std::coroutine_handle<promise_type>::from_promise(*this)};
        }
    };
    using value_type = T;

    task() = default;
    explicit task(std::coroutine_handle<promise_type> h) : h_(h) {}
    task(task&& o) noexcept : h_(std::exchange(o.h_, {})) {}
    task& operator=(task&& o) noexcept {
        task old{std::move(*this)};  // destroyed now, not with `o`
        h_ = std::exchange(o.h_, {});
        return *this;
    }
    ~task() {
        if (!h_) return;
        if (auto* loop = h_.promise().loop; loop && !h_.done()) loop->forget(h_);
        h_.destroy();
    }

    explicit operator bool() const { return bool(h_); }
    void start(detail::scheduler& loop, detail::worker* by = nullptr) {
        h_.promise().loop = &loop;
        h_.promise().by = by;
        const auto before = std::exchange(loop.at_work, by);
        h_.resume();
        loop.at_work = before;
    }
    bool done() const { return !h_ || h_.done(); }
    /// The result of a finished task, or throws what it threw.
    T result() { return h_.promise().result(); }

    bool await_ready() const noexcept { return false; }
    /// False if the task has finished at once. Then its caller goes on without a turn of the loop.
    template <class Promise>
    bool await_suspend(std::coroutine_handle<Promise> parent) {
        start(*parent.promise().loop, parent.promise().by);
        if (h_.done()) return false;
        h_.promise().parent = parent;
        return true;
    }
    T await_resume() { return h_.promise().result(); }

private:
    std::coroutine_handle<promise_type> h_;
};

namespace detail {
template <class T>
inline constexpr bool is_task = false;
template <class T>
inline constexpr bool is_task<task<T>> = true;

/// Whether a callable takes these arguments. As in `call`, it may be a member.
template <class F, class... A>
concept calls = std::is_invocable_v<F&, A...>;
/// A callable that returns void or a task of void.
template <class F, class... A>
concept gives_nothing = calls<F, A...> && (std::is_void_v<std::invoke_result_t<F&, A...>> ||
                                           std::is_same_v<std::invoke_result_t<F&, A...>, task<>>);
template <class F, class... A>
concept gives_task = calls<F, A...> && is_task<std::decay_t<std::invoke_result_t<F&, A...>>>;

class sleeping {  // not an aggregate: g++ 12 destroys temporaries of aggregates in a co_await twice
public:
    explicit sleeping(duration d) : for_(d) {}
    bool await_ready() const noexcept { return false; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> h) {
        h.promise().loop->wake_in(for_, {h, h.promise().by});
    }
    void await_resume() noexcept {}

private:
    duration for_;
};
}  // namespace detail

/// `co_await weir::sleep(100ms)` goes on after 100 ms of the app's clock. The loop turns meanwhile.
inline detail::sleeping sleep(duration d) { return detail::sleeping{d}; }

}  // namespace weir
