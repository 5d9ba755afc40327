// SPDX-License-Identifier: Apache-2.0
// A channel: one part of a program sends values to its streams, without a broker.
#pragma once
#include <coroutine>
#include <cstddef>
#include <deque>
#include <exception>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <weir/error.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/graph/plan.hpp>
#include <weir/options.hpp>
#include <weir/task.hpp>

namespace weir {
namespace detail {

template <class T>
class channel_boundary;

/// What the handles of a channel share. If one subscriber has no room, no subscriber gets the
/// value. Values that are sent before the app runs wait here for the run's subscribers.
template <class T>
struct channel_state {
    channel_state(std::string n, std::size_t most, detail::host& h)
        : name(std::move(n)), capacity(most), host(&h) {}
    const std::string name;
    const std::size_t capacity;
    detail::host* host;
    std::vector<channel_boundary<T>*> subscribers{};
    std::deque<T> early{};
    struct waiter {
        const T* value;
        suspended who;
        scheduler* loop;
        hold held;  // of the message that was being processed
    };
    std::deque<waiter> waiting{};

    bool send(const T& v) { return send(v, host->running() ? host->hold_current() : hold{}); }
    bool send(const T& v, const hold& held) {
        if (!host->running()) {
            if (early.size() >= capacity) return false;
            early.push_back(v);
            return true;
        }
        for (auto* s : subscribers)
            if (!s->has_room()) return false;
        for (auto* s : subscribers) s->take(v, held.share());
        host->wake();
        return true;
    }
    /// A subscriber has room again, or was destroyed.
    void send_waiting() {
        while (!waiting.empty() && send(*waiting.front().value, waiting.front().held)) {
            waiting.front().loop->ready(waiting.front().who);
            waiting.pop_front();
        }
    }
    void forget(const T* v) {
        std::erase_if(waiting, [&](auto& w) { return w.value == v; });
    }
};

/// One subscriber's queue, a source. Each value holds the message that was being processed when it
/// was sent.
template <class T>
class channel_boundary final : public boundary {
public:
    explicit channel_boundary(std::shared_ptr<channel_state<T>> of) : of_(std::move(of)) {
        for (auto& v : of_->early) take(v, {});
        of_->subscribers.push_back(this);
    }
    ~channel_boundary() override { std::erase(of_->subscribers, this); }

    bool has_room() const { return queue_.size() + ready_.left() < of_->capacity; }
    void take(const T& v, hold h) { queue_.push_back({v, std::move(h)}); }

    input& ready() override { return ready_; }
    bool empty() const override { return queue_.empty() && ready_.left() == 0; }
    bool is_source() const override { return true; }
    bool ended() const override { return stopped_; }
    void stop() override { stopped_ = true; }
    void poll(time_point) override {
        of_->early.clear();  // every subscriber of this run has got them
        if (!agent->paused && ready_.left() == 0)
            for (; !queue_.empty(); queue_.pop_front())
                ready_.push(std::move(queue_.front().value), std::move(queue_.front().held));
        of_->send_waiting();  // each processed value makes room
    }
    void abandon() override {
        std::erase_if(queue_, [&](auto& x) { return x.held.ownership() == ownership::lost; });
    }

private:
    struct queued {
        T value;
        hold held;
    };
    std::shared_ptr<channel_state<T>> of_;
    std::deque<queued> queue_;
    ready_input<T> ready_;
    bool stopped_ = false;
};

}  // namespace detail

/// Whether a channel took a value. May be ignored; `co_await` waits for room.
template <class T>
class pending_channel_send {
public:
    pending_channel_send(std::shared_ptr<detail::channel_state<T>> to, T v)
        : to_(std::move(to)),
          value_(std::move(v)),
          taken_(to_->waiting.empty() && to_->send(value_)) {}
    pending_channel_send(const pending_channel_send&) = delete;
    pending_channel_send& operator=(const pending_channel_send&) = delete;
    /// Throws weir::error if a subscriber had no room and nobody awaited it.
    ~pending_channel_send() noexcept(false) {
        if (taken_) return;
        to_->forget(&value_);
        if (!awaited_ && std::uncaught_exceptions() == 0)
            throw error{"weir: channel '" + to_->name +
                        "' is full: co_await its send, or give it a larger capacity than " +
                        std::to_string(to_->capacity)};
    }

    bool await_ready() const noexcept { return taken_; }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> h) {
        awaited_ = true;
        to_->waiting.push_back(
            {&value_, {h, h.promise().by}, h.promise().loop, to_->host->hold_current()});
    }
    void await_resume() noexcept { taken_ = true; }

private:
    std::shared_ptr<detail::channel_state<T>> to_;
    T value_;
    bool taken_, awaited_ = false;
};

/// Values that a program sends to its own streams: `chan.send(3)`. Made by `app.channel`. A handle
/// that may be copied; valid as long as its app. Used on the loop's thread (elsewhere: app.post).
///
/// Shape    -> stream<bytes, T>, keys null; every subscriber gets every value
/// Order    the order of sending
/// Acks     a value sent from a body holds the body's message until all subscribers are done
/// Holds    at most `capacity` values for each subscriber
/// Time     never ends by itself
/// Errors   none of its own
/// Cost     a copy of the value for each subscriber
/// Throws   weir::setup_error if the capacity is 0
template <class T>
class channel {
public:
    using weir_stream = void;
    using key = bytes;
    using value = T;

    explicit channel(std::shared_ptr<detail::channel_state<T>> s) : state_(std::move(s)) {}

    /// Gives a value to every subscriber. `co_await` waits for room; without it, weir::error is
    /// thrown if there is none. A value that is sent before the app runs waits for the run.
    pending_channel_send<T> send(T v) const { return {state_, std::move(v)}; }

    detail::drawn_stream draw(detail::graph_builder& s) const {
        return s.source("channel " + state_->name, detail::value_name<value>());
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        auto& from =
            p.add(std::unique_ptr<detail::boundary>{new detail::channel_boundary<T>{state_}});
        p.connect(from, detail::new_segment<value>(p, std::move(chain)));
    }

private:
    std::shared_ptr<detail::channel_state<T>> state_;
};

}  // namespace weir
