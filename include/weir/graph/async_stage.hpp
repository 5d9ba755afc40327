// SPDX-License-Identifier: Apache-2.0
// The asynchronous stage: calls that take their time, between two segments, results in order of
// input.
#pragma once
#include <deque>
#include <exception>
#include <memory>
#include <optional>
#include <utility>

#include <weir/graph/plan.hpp>

namespace weir::detail {

/// Keeps each call's argument and hold until its result has been worked off; at most `concurrency`
/// of them are in it. A call that fails stays in its place until its policy has dealt with it: made
/// again, or dropped. A revoked partition's calls run to their end, but once abandoned they give no
/// result.
template <class In, class R, class F, bool Shows>
class async_stage final : public seam {
public:
    async_stage(plan& p, F f, std::size_t concurrency)
        : loop_(p.loop()),
          f_(std::move(f)),
          concurrency_(concurrency),
          whole_(p.agent().on_error.has_dead_letters()) {}

    void push(context& c, auto&& v) {
        calls_.push_back(std::make_unique<one>(*this, c, std::forward<decltype(v)>(v)));
    }
    void keep(context& c) {
        kept_ = calls_.size();
        start();
        if (full()) c.now.end(why::full);
    }
    void undo() { calls_.resize(kept_); }
    bool full() const { return calls_.size() + ready_.left() >= concurrency_; }

    input& ready() override { return ready_; }
    bool empty() const override { return calls_.empty() && ready_.left() == 0; }
    bool waits_for_work() const override { return !calls_.empty(); }
    void settle(time_point now) override {
        now_ = now;
        start();
        while (!calls_.empty() && calls_.front()->settled()) {
            auto& c = *calls_.front();
            if (!c.dropped) {
                if (c.error) return;  // its policy is asked first
                ready_.push(std::move(*c.result), std::move(c.held), std::move(c.kept));
            }
            pop();
        }
    }
    time_point due() const override {
        auto at = time_point::max();
        for (std::size_t i = 0; i < std::min(kept_, concurrency_); ++i)
            if (!calls_[i]->started && !calls_[i]->dropped)
                at = std::min(at, calls_[i]->not_before);
        return at;
    }
    const char* has(const ledger& of, offset at) const override {
        if (ready_.has(of, at)) return "its result is being worked off";
        for (auto& c : calls_) {
            if (!c->held.keeps(of, at)) continue;
            return c->made > 0 ? "its call has failed and is tried again"
                   : c->started ? "its call is under way" : "its call waits for its turn";
        }
        return nullptr;
    }
    void abandon(const ledger& of) override {
        for (auto& c : calls_) c->dropped |= c->held.is_from(of);
    }
    std::pair<attempt*, std::exception_ptr> failure() override {
        if (calls_.empty() || !calls_.front()->error || calls_.front()->dropped ||
            calls_.front()->told)
            return {};
        calls_.front()->told = true;
        return {calls_.front().get(), calls_.front()->error};
    }

private:
    struct one final : attempt, origins {
        one(async_stage& stage, context& c, auto&& v)
            : of(stage),
              argument(std::forward<decltype(v)>(v)),
              held(c.hold()),
              kept(kept_message::of<Shows>(c, stage.whole_)) {}
        async_stage& of;
        In argument;
        hold held;
        kept_message kept;
        task<R> work{};
        std::optional<R> result{};
        std::exception_ptr error{};
        bool started = false, told = false, dropped = false;

        void start() {
            started = true;
            try {
                work = call(of.f_, std::as_const(argument));
                work.start(of.loop_);
            } catch (...) {
                error = std::current_exception();
            }
        }
        bool settled() {
            if (!started || error || result) return error || result || dropped;
            if (!work.done()) return false;
            try {
                result.emplace(work.result());
            } catch (...) {
                error = std::current_exception();
            }
            return true;
        }
        void again() override { error = nullptr, started = told = false; }
        void give_up() override { dropped = true; }
        origins& from() override { return *this; }
        std::size_t at() const override { return 0; }

        hold hold_of(std::size_t) override { return held.share(); }
        message message_of(std::size_t) const override { return kept.view(); }
        headers headers_of(std::size_t) const override { return kept.headers; }
        const topic_partition* place_of(std::size_t) const override { return kept.place; }
        several parts_of(std::size_t) const override { return detail::parts_of(argument, kept); }
    };

    void start() {
        for (std::size_t i = 0; i < std::min(kept_, concurrency_); ++i)
            if (auto& c = *calls_[i]; !c.started && !c.dropped && c.not_before <= now_) c.start();
    }
    void pop() { calls_.pop_front(), --kept_; }

    scheduler& loop_;
    F f_;
    std::size_t concurrency_;
    bool whole_;  // messages are kept for dead letters
    std::deque<std::unique_ptr<one>> calls_;
    std::size_t kept_ = 0;  // those whose message went through its chain
    time_point now_{};
    ready_input<R> ready_;
};

}  // namespace weir::detail
