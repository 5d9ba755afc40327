// SPDX-License-Identifier: Apache-2.0
// What a coroutine agent reads: `while (auto w = co_await stream.next()) …`.
#pragma once
#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/error.hpp>
#include <weir/event.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/segment/message_values.hpp>

namespace weir {
namespace detail {

/// What a coroutine agent reads from. The message of these values is parked. Lives as long as its
/// run.
template <class T>
class coroutine_input : public body {
public:
    /// Acknowledges the previous value. True if the next value is there, or if nothing more will
    /// come.
    bool next() {
        if (waiting_) throw error{"weir: next() is awaited already: one coroutine reads a stream"};
        values_.pass();
        look_away();
        return !values_.empty() || over_;
    }
    void wait(std::coroutine_handle<> h) { waiting_ = h; }
    /// Null at the end.
    const T* take() { return values_.look(); }

protected:
    void look_away() {
        values_.forget_lost();
        if (!this->agent->looked_at.empty()) this->agent->looked_at.clear();
    }

    message_values<T> values_;
    std::coroutine_handle<> waiting_;
    bool over_ = false;  // nothing more will come
};

}  // namespace detail

/// The stream that a coroutine agent is given. Only that coroutine may read it, and it may not
/// outlive it. Copies read the same stream.
template <class T>
class incoming {
public:
    /// A value, or the end, which converts to false. Valid until the next call of `next()`.
    class value {
    public:
        explicit value(const T* v) : of_(v) {}
        explicit operator bool() const { return of_ != nullptr; }
        bool has_value() const { return of_ != nullptr; }
        const T& operator*() const { return *of_; }
        const T* operator->() const { return of_; }

    private:
        const T* of_;
    };
    // Not an aggregate: g++ 12 destroys temporaries of aggregates in a co_await twice.
    class next_value {
    public:
        explicit next_value(detail::coroutine_input<T>& from) : from_(&from) {}
        bool await_ready() { return from_->next(); }
        void await_suspend(std::coroutine_handle<> h) { from_->wait(h); }
        value await_resume() { return value{from_->take()}; }

    private:
        detail::coroutine_input<T>* from_;
    };

    explicit incoming(detail::coroutine_input<T>& from) : from_(&from) {}
    /// Acknowledges the previous value and waits for the next one. Returns the end when the app
    /// stops and everything is delivered, or when every source has ended.
    next_value next() { return next_value{*from_}; }

private:
    detail::coroutine_input<T>* from_;
};

namespace detail {

/// A function that can be the body of a coroutine agent.
template <class F, class T>
concept is_body =
    calls<F, incoming<T>> && std::is_same_v<std::invoke_result_t<F&, incoming<T>>, task<>>;

/// The coroutine of one run. `push` resumes it. If it asks for the next value before `push`
/// returns, nothing is parked. If it awaits something else, the message is parked and the loop
/// resumes the coroutine.
template <class T, class F>
class coroutine_body final : public coroutine_input<T>, public worker {
public:
    coroutine_body(plan& p, F f) : loop_(p.loop()), f_(std::move(f)) {}

    void start() override {
        if (running_ || this->agent->paused) return;
        running_ = true;
        started_ = true;
        try {
            work_ = f_(incoming<T>{*this});
            work_.start(loop_, this);
        } catch (...) {  // f is a plain function that returns a task, and it threw
            stray_error_ = std::current_exception();
        }
        look_if_done();
    }
    void end() override {
        this->over_ = true;
        if (running_ && this->waiting_) resume();
    }
    bool running() const override { return running_; }
    std::exception_ptr poll() override {
        look_if_done();
        // A message waits, and the coroutine has failed at an earlier one.
        const bool waits = !this->values_.empty() && !message_error_;
        if (started_ && !running_ && waits) start();
        return std::exchange(stray_error_, nullptr);
    }
    void cancel() override {
        work_ = {};
        running_ = false;
        this->waiting_ = {};
    }

    // for its sink
    bool empty() const { return this->values_.empty(); }
    void push(context& c, auto&& v) {
        if (!running_) start();  // after a message that failed
        if (empty()) messages_.clear();
        message_at_work m{this->agent, false, c.partition(), c.offset(), c.time()};
        m.of_batch = c.from.of_batch(c.i);
        messages_.push_back({c.from, c.i, m});
        this->values_.push(std::forward<decltype(v)>(v));
        if (this->waiting_) resume();
    }
    /// Throws what the coroutine threw at this message.
    void check() {
        look_if_done();
        if (message_error_) std::rethrow_exception(std::exchange(message_error_, nullptr));
    }
    void finish() { this->apply_changes(); }
    void undo() {
        this->forget_changes();
        this->values_.forget();
        message_error_ = nullptr;
    }
    void park(retryable* a) { parked_ = a; }
    /// Empty if the message was acknowledged by hand: it may have been committed.
    hold working_on() override {
        if (!this->values_.looked_at() || !parked_ || parked_->acked) return {};
        return parked_->from().hold_of(parked_->at());
    }
    message_at_work in_work() const override {
        if (this->values_.lost()) return {.agent = this->agent, .lost = true};
        if (!this->values_.looked_at()) return {};
        const auto& its = messages_[this->values_.index()];
        auto m = its.message;
        m.lost = its.from.ownership_of(its.i) == ownership::lost;  // of a batch it may be one
        return m;
    }

private:
    void resume() {
        const auto before = std::exchange(loop_.at_work, this);
        std::exchange(this->waiting_, {}).resume();
        loop_.at_work = before;
        look_if_done();
    }
    void look_if_done() {
        if (!running_ || !(stray_error_ || work_.done())) return;
        running_ = false;
        if (!stray_error_) {
            try {
                work_.result();
                this->values_.pass();  // as when a loop is left by `break`
                this->agent->paused = true;
                this->agent->ended = true;
            } catch (...) {
                const bool at_message = this->values_.stop_looking();
                if (at_message) message_error_ = std::current_exception();
                else if (!this->values_.lost()) stray_error_ = std::current_exception();
            }
        }
        work_ = {};
        this->waiting_ = {};
        if (this->values_.lost()) this->look_away();
    }

    scheduler& loop_;
    F f_;
    task<> work_;
    bool running_ = false, started_ = false;
    struct origin_of_value {
        origins& from;
        std::size_t i;
        message_at_work message;
    };
    std::vector<origin_of_value> messages_;  // they are parked
    retryable* parked_ = nullptr;  // the message of these values, while the coroutine works on it
    std::exception_ptr message_error_;  // thrown at that message
    std::exception_ptr stray_error_;    // thrown while it had no message
};

template <class T, class F>
struct coroutine_sink : sink {
    static constexpr message_part needs = message_part::time;  // of what it changes in tables
    coroutine_body<T, F>* to;
    explicit coroutine_sink(coroutine_body<T, F>& b) : to(&b) {}
    void push(context& c, auto&& v) {
        in_body<T>::seen(v);
        to->push(c, std::forward<decltype(v)>(v));
        to->check();
    }
    void apply(context& c) {
        if (full()) {
            to->park(c.now.work);
            c.now.end(run_status::full);
        } else if (!to->running()) {  // it has returned
            c.now.end(run_status::stop);
        }
    }
    void finish() { to->finish(); }
    void undo() { to->undo(); }
    bool full() { return !to->empty(); }
    void check() { to->check(); }
};

template <class P, class F>
class coroutine_topology final : public topology {
public:
    coroutine_topology(P p, F f) : what_(std::move(p)), f_(std::move(f)) {}
    drawn_stream draw(graph_builder& s) const override {
        const auto from = what_.draw(s);
        return s.operation(from, "coroutine", {}, {});
    }
    void build(plan& p) const override {
        using T = typename P::value;
        using made = coroutine_body<T, F>;
        auto& b = static_cast<made&>(p.add(std::unique_ptr<body>{new made{p, f_}}));
        p.name("coroutine");
        p.chain();
        what_.build(p, coroutine_sink<T, F>{b});
    }

private:
    P what_;
    F f_;
};

}  // namespace detail
}  // namespace weir
