// SPDX-License-Identifier: Apache-2.0
// The asynchronous stage: calls that take their time, between two segments.
#pragma once
#include <algorithm>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/options.hpp>
#include <weir/segment/agent.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/task.hpp>

namespace weir::detail {

template <class T>
struct result_of_call {
    using type = T;
};
template <class T>
struct result_of_call<task<T>> {
    using type = T;
};

struct stage_options {
    std::size_t concurrency = 1;
    order_by order = order_by::all;
};

/// Keeps each call's argument and hold until its result has been worked off; at most `concurrency`
/// of them are under way. Results leave in order of input, of input per key, or of completion. A
/// call that fails keeps its place until its policy has dealt with it: made again, or dropped. A
/// revoked partition's calls run to their end, but once abandoned they give no result, and keep
/// nobody waiting.
///
/// `Call` has `argument` and `out` (what comes in, what goes out), `recycles` (an argument may stay
/// until the next one), `operator()(const argument&)`, a task, and `pass(argument&, result, to)`,
/// which hands what was made to `to`, or nothing.
template <class Call, bool NeedsMessage>
class async_stage final : public boundary {
public:
    using In = typename Call::argument;
    using Work = decltype(std::declval<Call&>()(std::declval<const In&>()));
    using R = typename Work::value_type;

    async_stage(scheduler& loop, const agent_info& a, Call f, stage_options o)
        : loop_(loop),
          f_(std::move(f)),
          concurrency_(o.concurrency),
          // calls that wait for an earlier one of their key
          window_(o.order == order_by::key ? 2 * o.concurrency : o.concurrency),
          order_(o.order),
          whole_(a.on_error.has_dead_letters()) {}

    void push(context& c, auto&& v) {
        auto& n = fresh();
        calls_.add(n);  // first: if copying the argument throws, it is undone like the others
        n.take(c, std::forward<decltype(v)>(v), order_ == order_by::key);
    }
    void apply(context& c) {
        for (auto* n = calls_.last; n && !n->applied; n = n->before) n->applied = true, first_new_ = n;
        for (auto* n = std::exchange(first_new_, nullptr); n;) {
            auto* next = n->next;
            try_start(*n);
            leave_if_done(*n);
            n = next;
        }
        if (full()) c.now.end(run_status::full);
    }
    void undo() {
        while (calls_.last && !calls_.last->applied) recycle(calls_.take(*calls_.last));
    }
    /// Results that were there at once do not wait for each other to be worked off.
    bool full() const {
        const auto waited = std::min(waited_, ready_.left());
        return active_ + waited >= concurrency_ || calls_.count + waited >= window_ ||
               ready_.left() >= ready_max;
    }

    input& ready() override { return ready_; }
    bool empty() const override { return calls_.count == 0 && ready_.left() == 0; }
    bool waits_for_work() const override { return calls_.count > 0; }
    void poll(time_point now) override {
        now_ = now;
        waited_ = std::min(waited_, ready_.left());
        for (auto* n = leaving_.first; n;) {
            auto* next = n->next;
            if (n->work.done()) recycle(leaving_.take(*n));
            n = next;
        }
        for (auto* n = calls_.first; n;) {
            const auto before = ready_.count;
            auto* next = n->next;
            try_start(*n);
            leave_if_done(*n);
            waited_ += ready_.count - before;
            n = next;
        }
    }
    time_point due() const override {
        auto at = time_point::max();
        if (retrying_ == 0) return at;
        for (auto* n = calls_.first; n; n = n->next)
            if (n->active && n->now == one::is::waiting) at = std::min(at, n->not_before);
        return at;
    }
    const char* has(const hold_owner& of, offset at) const override {
        if (ready_.has(of, at)) return "its result is being worked off";
        for (auto* n = calls_.first; n; n = n->next) {
            if (!n->held.keeps(of, at)) continue;
            return n->failures > 0 ? "its call has failed and is tried again"
                   : n->active ? "its call is under way" : "its call waits for its turn";
        }
        return nullptr;
    }
    void abandon() override {
        for (auto* n = calls_.first; n;) {
            auto* next = n->next;
            if (n->held.ownership() == ownership::lost) {
                remove(*n);
                if (n->now == one::is::running) n->held.release(), leaving_.add(*n);
                else recycle(*n);
            }
            n = next;
        }
    }
    std::pair<retryable*, std::exception_ptr> failure() override {
        if (failed_ == 0) return {};
        for (auto* n = calls_.first; n; n = n->next) {
            if (n->now == one::is::failed && !n->told) {
                n->told = true, --failed_;
                return {n, n->error};
            }
            if (order_ == order_by::all) break;
        }
        return {};
    }

private:
    struct one final : retryable, origins, worker {
        enum class is : std::uint8_t { waiting, running, finished, failed, given_up };

        void take(context& c, auto&& v, bool keyed) {
            using V = decltype(v);
            if constexpr (std::is_assignable_v<In&, V>) argument = std::forward<V>(v);
            else argument.emplace(std::forward<V>(v));
            held = c.hold();
            source = source_message::of<NeedsMessage>(c, of->whole_);
            if (keyed) key.assign(c.message().key);
        }
        one *before = nullptr, *next = nullptr;
        async_stage* of = nullptr;
        std::optional<In> argument{};
        hold held{};
        source_message source{};
        bytes key{};
        Work work{};
        std::optional<R> result{};
        std::exception_ptr error{};
        is now = is::waiting;
        bool applied = false; // its message went through its chain
        bool active = false;  // counts as under way: from its start until it leaves
        bool told = false;    // its failure, to its policy

        void retry() override { error = nullptr, told = false, now = is::waiting, ++of->retrying_; }
        void skip() override { error = nullptr, now = is::given_up; }
        origins& from() override { return *this; }
        std::size_t at() const override { return 0; }

        hold working_on() override { return held.share(); }
        hold hold_of(std::size_t) override { return held.share(); }
        message message_of(std::size_t) const override { return source.view(); }
        headers headers_of(std::size_t) const override { return source.headers; }
        const topic_partition* partition_of(std::size_t) const override { return source.tp; }
        several parts_of(std::size_t) const override {
            return detail::parts_of(*argument, source);
        }
    };
    struct list {  // in order of input
        one *first = nullptr, *last = nullptr;
        std::size_t count = 0;
        void add(one& n) {
            n.before = last, n.next = nullptr;
            (last ? last->next : first) = &n, last = &n, ++count;
        }
        one& take(one& n) {
            (n.before ? n.before->next : first) = n.next;
            (n.next ? n.next->before : last) = n.before;
            n.before = n.next = nullptr, --count;
            return n;
        }
    };

    one& fresh() {
        if (!spare_) {
            all_.push_back(std::make_unique<one>());
            all_.back()->of = this;
            return *all_.back();
        }
        auto& n = *std::exchange(spare_, spare_->next);
        n.next = nullptr;
        return n;
    }
    void recycle(one& n) {
        n.held.release();
        if constexpr (!Call::recycles) n.argument.reset();
        n.work = {}, n.result.reset(), n.error = nullptr;
        n.now = one::is::waiting, n.applied = n.active = n.told = false;
        n.failures = 0, n.not_before = {};
        n.next = std::exchange(spare_, &n);
    }
    /// Out of the list of calls, and of what is counted of them.
    void remove(one& n) {
        if (n.active) --active_;
        if (n.active && n.now == one::is::waiting) --retrying_;
        if (n.now == one::is::failed && !n.told) --failed_;
        calls_.take(n);
    }
    void try_start(one& n) {
        if (n.now == one::is::running) return look(n);
        if (n.now != one::is::waiting || !n.applied || n.not_before > now_) return;
        if (!n.active) {
            if (active_ >= concurrency_) return;
            if (order_ == order_by::key)
                for (auto* o = n.before; o; o = o->before)
                    if (o->key == n.key) return;
            n.active = true, ++active_;
        } else --retrying_;
        n.now = one::is::running;
        try {
            n.work = f_(std::as_const(*n.argument));
            n.work.start(loop_, &n);
        } catch (...) {
            fail(n);
        }
        look(n);
    }
    void look(one& n) {
        if (n.now != one::is::running || !n.work.done()) return;
        try {
            n.result.emplace(n.work.result());
            n.now = one::is::finished;
        } catch (...) {
            fail(n);
        }
    }
    void fail(one& n) { n.error = std::current_exception(), n.now = one::is::failed, ++failed_; }
    /// True if it has left: with its result, or without.
    bool leave_if_done(one& n) {
        if (n.now != one::is::finished && n.now != one::is::given_up) return false;
        if (order_ == order_by::all && n.before) return false;
        remove(n);
        if (n.now == one::is::finished)
            Call::pass(*n.argument, std::move(*n.result), [&](auto&& out) {
                ready_.push(std::forward<decltype(out)>(out), std::move(n.held),
                            std::move(n.source));
            });
        recycle(n);
        return true;
    }

    static constexpr std::size_t ready_max = 64;

    scheduler& loop_;
    Call f_;
    std::size_t concurrency_, window_;
    order_by order_;
    bool whole_;  // messages are kept for dead letters
    std::vector<std::unique_ptr<one>> all_;
    one* spare_ = nullptr;
    one* first_new_ = nullptr;
    list calls_, leaving_;  // leaving: of an assignment that is over
    std::size_t active_ = 0, failed_ = 0, retrying_ = 0;
    std::size_t waited_ = 0;  // results in `ready_` that were not there at once
    time_point now_{};
    ready_input<typename Call::out> ready_;
};

}  // namespace weir::detail
