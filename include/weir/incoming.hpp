// SPDX-License-Identifier: Apache-2.0
// What an agent that is a coroutine reads: `while (auto w = co_await stream.next()) …`.
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

namespace weir {
namespace detail {

/// One message's values, between the loop and a coroutine that takes them one by one. While one is
/// there the sink is full and the message is parked, so no hold is needed, and what its values
/// point into stays. Lives as long as its run.
template <class T>
class inbox : public body {
public:
    // the loop's
    void put(auto&& v) {
        if (at_ == count_) at_ = count_ = 0;
        if (count_ < values_.size()) *values_[count_] = std::forward<decltype(v)>(v);
        else values_.push_back(std::unique_ptr<T>{new T(std::forward<decltype(v)>(v))});
        ++count_;
    }
    bool empty() const { return at_ == count_; }
    /// The message is not ours any more. If the coroutine looks at it still, its memory stays until
    /// the coroutine asks for the next one.
    void forget() {
        if (std::exchange(given_, false)) looked_at_.swap(values_), orphan_ = true;
        values_.clear(), at_ = count_ = 0;
    }

    // the coroutine's
    bool next() {
        if (waiting_) throw error{"weir: next() is awaited already: one coroutine reads a stream"};
        if (std::exchange(given_, false)) pass();
        if (orphan_ || !this->agent->lent.empty()) look_away();
        return !empty() || over_;
    }
    void wait(std::coroutine_handle<> h) { waiting_ = h; }
    const T* take() {
        if (empty()) return nullptr;  // the end
        given_ = true;
        return values_[at_].get();
    }

protected:
    void pass() {
        if constexpr (is_batch<T>)  // its messages are let go now, not when the slot is used again
            [[maybe_unused]] const auto gone = std::move(*values_[at_]);
        ++at_;
    }
    void look_away() { orphan_ = false, looked_at_.clear(), this->agent->lent.clear(); }

    std::coroutine_handle<> waiting_;
    bool given_ = false;   // the coroutine has the value at `at_`
    bool orphan_ = false;  // it looks at one that is not ours any more
    bool over_ = false;    // nothing will come any more

private:
    // recycled; addresses stay, also while more values of a message come
    std::vector<std::unique_ptr<T>> values_, looked_at_;
    std::size_t at_ = 0, count_ = 0;
};

}  // namespace detail

/// The stream that a coroutine agent is given. To be kept in the coroutine, and read by it alone;
/// copies read the same stream.
template <class T>
class incoming {
public:
    /// A value, or the end: false, and nothing to look at. It is there until the next `next()`.
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
    class next_value {  // not an aggregate: g++ 12 destroys temporaries of these in a co_await twice
    public:
        explicit next_value(detail::inbox<T>& from) : from_(&from) {}
        bool await_ready() { return from_->next(); }
        void await_suspend(std::coroutine_handle<> h) { from_->wait(h); }
        value await_resume() { return value{from_->take()}; }

    private:
        detail::inbox<T>* from_;
    };

    explicit incoming(detail::inbox<T>& from) : from_(&from) {}
    /// Acknowledges the value before, and waits for the next one. The end comes when the app stops
    /// and everything has been delivered, or when every source has ended.
    next_value next() { return next_value{*from_}; }

private:
    detail::inbox<T>* from_;
};

namespace detail {

/// What can be an agent's coroutine.
template <class F, class T>
concept is_body = calls<F, incoming<T>> &&
                  std::is_same_v<std::invoke_result_t<F&, incoming<T>>, task<>>;

/// The coroutine of one run. It is resumed inside the message's `push`, so a body that awaits
/// nothing else costs no parking; one that does is resumed by the loop.
template <class T, class F>
class coroutine_body final : public inbox<T>, public worker {
public:
    coroutine_body(plan& p, F f) : loop_(p.loop()), f_(std::move(f)) {}

    void start() override {
        if (running_ || this->agent->paused) return;
        running_ = started_ = true;
        try {
            work_ = f_(incoming<T>{*this});
            work_.start(loop_, this);
        } catch (...) {  // no coroutine, a function that threw
            early_ = std::current_exception();
        }
        look();
    }
    void end() override {
        this->over_ = true;
        if (running_ && this->waiting_) resume();
    }
    bool running() const override { return running_; }
    std::exception_ptr poll() override {
        look();
        // it has failed, at another message than the one that waits
        if (started_ && !running_ && !this->empty() && !error_) start();
        return std::exchange(early_, nullptr);
    }
    void cancel() override { work_ = {}, running_ = false, this->waiting_ = {}; }

    // the sink's
    void push(auto&& v) {
        if (!running_) start();  // again, behind a message that failed
        this->put(std::forward<decltype(v)>(v));
        if (this->waiting_) resume();
    }
    /// Throws what the coroutine threw at the message that is in here.
    void check() {
        look();
        if (error_) std::rethrow_exception(std::exchange(error_, nullptr));
    }
    void undo() { this->forget(), error_ = nullptr; }
    void park(retryable* a) { parked_ = a; }
    /// What was acknowledged by hand may be committed already: nothing is to hold it.
    hold working_on() override {
        if (!this->given_ || !parked_ || parked_->acked) return {};
        return parked_->from().hold_of(parked_->at());
    }

private:
    void resume() {
        std::exchange(this->waiting_, {}).resume();
        look();
    }
    /// Whether it has come to its end meanwhile.
    void look() {
        if (!running_ || !(early_ || work_.done())) return;
        running_ = false;
        if (!early_) {
            try {
                work_.result();
                if (std::exchange(this->given_, false)) this->pass();  // as by `break`
                this->agent->paused = this->agent->ended = true;
            } catch (...) {
                if (std::exchange(this->given_, false)) error_ = std::current_exception();
                // an older assignment's value: nobody's any more
                else if (!this->orphan_) early_ = std::current_exception();
            }
        }
        work_ = {}, this->waiting_ = {};
        if (this->orphan_) this->look_away();
    }

    scheduler& loop_;
    F f_;
    task<> work_;
    bool running_ = false, started_ = false;
    retryable* parked_ = nullptr;  // the message in here, while the coroutine has a value of it
    std::exception_ptr error_;  // the message's in here
    std::exception_ptr early_;  // nobody's: thrown before the first value, or behind the last
};

template <class T, class F>
struct coroutine_sink : sink {
    coroutine_body<T, F>* to;
    explicit coroutine_sink(coroutine_body<T, F>& b) : to(&b) {}
    void push(context&, auto&& v) {
        in_body<T>::seen(v);
        to->push(std::forward<decltype(v)>(v));
        to->check();
    }
    void apply(context& c) {
        if (full()) to->park(c.now.work), c.now.end(run_status::full);
        else if (!to->running()) c.now.end(run_status::stop);  // it has returned
    }
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
        p.name("coroutine"), p.chain();
        what_.build(p, coroutine_sink<T, F>{b});
    }

private:
    P what_;
    F f_;
};

}  // namespace detail
}  // namespace weir
