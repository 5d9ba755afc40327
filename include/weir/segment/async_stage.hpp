// SPDX-License-Identifier: Apache-2.0
// Awaits asynchronous calls, between two segments.
#pragma once
#include <algorithm>
#include <cassert>
#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/options.hpp>
#include <weir/segment/agent.hpp>
#include <weir/segment/boundary.hpp>
#include <weir/segment/key.hpp>
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
    bool has_keys = true;  // the stream has a key type
};

/// Keeps each call's argument and hold until its result has been passed on. At most `concurrency`
/// calls are under way. Results are passed on in the order of the input, in the order of the input
/// for each key, or as they complete. A failed call keeps its place until its policy retries or
/// skips it. Calls of a revoked partition go on. Once the partition is lost, their results are
/// dropped and nothing waits for them. Lives as long as its run; used on the loop's thread only.
///
/// `Call` has the types `argument` and `out`; `recycles`, whether an argument object may be used
/// again for the next call; `operator()(const argument&)`, which returns a task; and
/// `pass(argument&, result, to)`, which calls `to` with the value to pass on, if there is one.
/// `Needs` is what operators behind it need of messages with keys of type K.
template <class Call, message_part Needs, class K = no_key>
class async_stage final : public boundary {
    using keeps = kept_of_message<K, Needs>;

public:
    /// What it needs of a message: what it keeps, the key's bytes for `order_by::key`, and the time
    /// for tables that a call changes.
    static constexpr message_part needs =
        keeps::parts | message_part::key_bytes | message_part::time;
    using In = typename Call::argument;
    using Work = decltype(std::declval<Call&>()(std::declval<const In&>()));
    using R = typename Work::value_type;

    async_stage(scheduler& loop, const agent_info& a, Call f, stage_options o)
        : loop_(loop),
          f_(std::move(f)),
          concurrency_(o.concurrency),
          // with order_by::key more calls may wait, each for an earlier one of its key
          window_(o.order == order_by::key ? 2 * o.concurrency : o.concurrency),
          order_(o.order),
          tells_of_no_key_(order_ == order_by::key && concurrency_ > 1 && !o.has_keys),
          keeps_whole_(a.on_error.has_dead_letters()) {}

    void push(context& c, auto&& v) {
        auto& n = fresh();
        calls_.add(n);  // first: if copying the argument throws, undo() finds the call
        n.take(c, std::forward<decltype(v)>(v), order_ == order_by::key);
        if (tells_of_no_key_ && n.key.is_null()) {
            tells_of_no_key_ = false;
            loop_.has_no_key(*this);
        }
    }
    void apply(context& c) {
        call* first_new = nullptr;
        for (auto* n = calls_.last; n && !n->applied; n = n->before) {
            n->applied = true;
            first_new = n;
        }
        for (auto* n = first_new; n;) {
            auto* next = n->next;
            try_start(*n);
            leave_if_done(*n);
            n = next;
        }
        check_counts();
        if (full()) c.now.end(run_status::full);
    }
    void drop(const context& c) {
        const auto m = dropped_message::of(c);
        if (auto* n = last_of(m.tp, calls_.last)) n->behind.add(m);
        else ready_.push(c.hold(), m);
    }
    void undo() {
        while (calls_.last && !calls_.last->applied) recycle(calls_.take(*calls_.last));
    }
    bool full() const {
        const auto late = std::min(late_, ready_.left());
        const bool all_under_way = active_ + late >= concurrency_;
        const bool window_is_full = calls_.count + late >= window_;
        if (tells_of_dropped && ready_.stands_still) return true;
        return all_under_way || window_is_full || ready_.left() >= ready_max;
    }

    input& ready() override { return ready_; }
    bool empty() const override { return calls_.count == 0 && ready_.left() == 0; }
    bool waits_for_work() const override { return calls_.count > 0; }
    std::size_t concurrency() const override { return concurrency_; }
    void poll(time_point now) override {
        now_ = now;
        late_ = std::min(late_, ready_.left());
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
            late_ += ready_.count - before;
            n = next;
        }
        assert(late_ <= ready_.left());
        check_counts();
    }
    time_point due() const override {
        auto at = time_point::max();
        if (retrying_ == 0) return at;
        for (auto* n = calls_.first; n; n = n->next)
            if (n->is_retry()) at = std::min(at, n->tries.due());
        return at;
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        if (ready_.holds(of, at)) return "its result is being processed";
        for (auto* n = calls_.first; n; n = n->next) {
            if (!n->held.keeps(of, at)) continue;
            return n->tries.failed() ? "its call has failed and is tried again"
                   : n->active       ? "its call is under way"
                                     : "its call waits for its turn";
        }
        return nullptr;
    }
    void abandon() override {
        for (auto* n = calls_.first; n;) {
            auto* next = n->next;
            if (n->held.ownership() == ownership::lost) {
                remove(*n);
                if (n->now == state::running) {
                    n->forget_changes();
                    n->lost = true;
                    n->held.release();
                    leaving_.add(*n);
                } else {
                    recycle(*n);
                }
            }
            n = next;
        }
        check_counts();
    }
    /// Waits for what is running and would have to go: it ends by itself.
    bool give_up_retries(time_point until, bool of_all) override {
        if (retrying_ == 0) return false;
        const auto before = calls_.count;
        const auto leaves = [&](const call& n) {
            return of_all || n.held.ownership() != ownership::owned;
        };
        for (auto* n = calls_.first; n; n = n->next)
            if (n->now == state::running && leaves(*n)) return false;
        std::vector<std::pair<const topic_partition*, bytes>> given_up;
        for (auto* n = calls_.first; n;) {
            auto* next = n->next;
            const bool is_late = n->is_retry() && n->tries.due() >= until;
            const auto its_place =
                std::pair{n->source.tp, order_ == order_by::key ? n->key : bytes{}};
            const auto is_behind =
                std::find(given_up.begin(), given_up.end(), its_place) != given_up.end();
            if (leaves(*n) && (is_late || is_behind)) {
                if (order_ != order_by::none) given_up.push_back(its_place);
                n->held.forfeit();
                remove(*n);
                recycle(*n);
            }
            n = next;
        }
        check_counts();
        return calls_.count < before;
    }
    std::pair<retryable*, std::exception_ptr> failure() override {
        if (failed_ == 0) return {};
        for (auto* n = calls_.first; n; n = n->next) {
            if (n->now == state::failed && !n->told) {
                n->told = true;
                --failed_;
                return {n, n->error};
            }
            if (order_ == order_by::all) break;
        }
        return {};
    }

private:
    enum class state : std::uint8_t { waiting, running, finished, failed, skipped };

    struct call final : retryable, origins, worker {
        void take(context& c, auto&& v, bool keyed) {
            using V = decltype(v);
            if constexpr (std::is_assignable_v<In&, V>) argument = std::forward<V>(v);
            else argument.emplace(std::forward<V>(v));
            held = c.hold();
            source = source_message::of<keeps::parts>(c, of->keeps_whole_);
            source.timestamp = c.time();  // of what it changes in tables
            if constexpr (keeps::key_decoded) copy_key(c, decoded_key);
            if (keyed) key.assign(c.message().key);
        }
        call *before = nullptr, *next = nullptr;
        async_stage* of = nullptr;
        std::optional<In> argument{};
        hold held{};
        source_message source{};
        bytes key{};  // for order_by::key
        [[no_unique_address]] typename keeps::key decoded_key{};
        [[no_unique_address]] detail::kept_dropped<Needs> behind{};
        Work work{};
        std::optional<R> result{};
        std::exception_ptr error{};
        state now = state::waiting;
        bool applied = false;  // its message has gone through its chain
        bool active = false;   // counts as under way: from its start until it leaves
        bool told = false;     // its failure has been reported to its policy
        bool lost = false;     // its partition is, and it still runs

        bool is_retry() const { return active && now == state::waiting; }
        void retry() override {
            error = nullptr;
            told = false;
            now = state::waiting;
            ++of->retrying_;
        }
        void skip() override {
            error = nullptr;
            now = state::skipped;
        }
        origins& from() override { return *this; }
        std::size_t at() const override { return 0; }

        hold working_on() override { return held.share(); }
        const boundary* stage() const override { return of; }
        message_at_work in_work() const override {
            message_at_work m{of->agent, lost || held.ownership() == ownership::lost};
            m.tp = source.tp;
            m.offset = source.offset;
            m.timestamp = source.timestamp;
            m.of_batch = of_batch(0);
            m.has_company = of->concurrency_ > 1;
            if (of->order_ == order_by::key) m.key = &key;
            return m;
        }
        hold hold_of(std::size_t) override { return held.share(); }
        ownership ownership_of(std::size_t) const override { return held.ownership(); }
        offset offset_of(std::size_t) const override { return source.offset; }
        message message_of(std::size_t) const override { return source.view(); }
        headers headers_of(std::size_t) const override { return source.headers; }
        const topic_partition* partition_of(std::size_t) const override { return source.tp; }
        bool of_batch(std::size_t) const override { return is_batch<In> || source.of_batch; }
        several parts_of(std::size_t) const override { return detail::parts_of(*argument, source); }
    };
    /// Calls in order of input.
    struct list {
        call *first = nullptr, *last = nullptr;
        std::size_t count = 0;
        void add(call& n) {
            n.before = last;
            n.next = nullptr;
            (last ? last->next : first) = &n;
            last = &n;
            ++count;
        }
        call& take(call& n) {
            (n.before ? n.before->next : first) = n.next;
            (n.next ? n.next->before : last) = n.before;
            n.before = n.next = nullptr;
            --count;
            return n;
        }
    };

    call& fresh() {
        if (!spare_) {
            all_.push_back(std::make_unique<call>());
            all_.back()->of = this;
            return *all_.back();
        }
        auto& n = *std::exchange(spare_, spare_->next);
        n.next = nullptr;
        return n;
    }
    void recycle(call& n) {
        n.forget_changes();
        n.held.release();
        if constexpr (!Call::recycles) n.argument.reset();
        n.work = {};
        n.result.reset();
        n.behind.clear();
        n.error = nullptr;
        n.now = state::waiting;
        n.applied = n.active = n.told = n.lost = false;
        n.tries.reset();
        n.next = std::exchange(spare_, &n);
    }
    /// Removes the call from the list and from the counts.
    void remove(call& n) {
        if (n.active) --active_;
        if (n.is_retry()) --retrying_;
        if (n.now == state::failed && !n.told) --failed_;
        calls_.take(n);
    }
    bool waits_for_key(const call& n) const {
        if (order_ != order_by::key) return false;
        for (auto* o = n.before; o; o = o->before)
            if (o->key == n.key) return true;
        return false;
    }
    void try_start(call& n) {
        if (n.now == state::running) return look(n);
        if (n.now != state::waiting || !n.applied || n.tries.due() > now_) return;
        if (!n.active) {
            if (active_ >= concurrency_ || waits_for_key(n)) return;
            n.active = true;
            ++active_;
        } else {
            --retrying_;
        }
        n.now = state::running;
        try {
            n.work = f_(std::as_const(*n.argument));
            n.work.start(loop_, &n);
        } catch (...) { fail(n); }
        look(n);
    }
    void look(call& n) {
        if (n.now != state::running || !n.work.done()) return;
        try {
            n.result.emplace(n.work.result());
            n.now = state::finished;
        } catch (...) { fail(n); }
    }
    void fail(call& n) {
        n.error = std::current_exception();
        n.forget_changes();
        n.now = state::failed;
        ++failed_;
    }
    /// Passes on the result of a finished call, or removes a skipped call, when it is its turn.
    void leave_if_done(call& n) {
        if (n.now != state::finished && n.now != state::skipped) return;
        if (order_ == order_by::all && n.before) return;
        if (ready_.stands_still) return;
        auto* older = last_of(n.source.tp, n.before);
        remove(n);
        const auto held = tells_of_dropped ? n.held.share() : hold{};
        detail::kept_dropped<Needs> dropped{};
        if (n.now == state::finished) {
            n.apply_changes();
            if (!n.of_batch(0) && n.source.tp)
                dropped.add(dropped_message{n.source.tp, n.source.offset, n.source.timestamp});
            Call::pass(*n.argument, std::move(*n.result), [&](auto&& out) {
                dropped.clear();
                ready_.push(std::forward<decltype(out)>(out), std::move(n.held),
                            std::move(n.source), std::move(n.decoded_key));
            });
        }
        dropped.add(n.behind);
        if (older) older->behind.add(dropped);
        else dropped.pass(ready_, held);
        recycle(n);
    }
    /// The last of these calls whose message is of that partition. Only asked for where dropped
    /// messages wait behind calls.
    static call* last_of(const topic_partition* tp, call* from) {
        if constexpr (!tells_of_dropped) return nullptr;
        while (from && from->source.tp != tp) from = from->before;
        return from;
    }
    /// Checks the counts against the list.
    void check_counts() const {
#ifndef NDEBUG
        if (calls_.count > 64) return;  // a check of long lists would make tests slow
        std::size_t active = 0, failed = 0, retrying = 0;
        for (auto* n = calls_.first; n; n = n->next) {
            active += n->active;
            failed += n->now == state::failed && !n->told;
            retrying += n->is_retry();
        }
        assert(active == active_ && active <= concurrency_);
        assert(failed == failed_);
        assert(retrying == retrying_);
#endif
    }

    static constexpr std::size_t ready_max = 64;
    static constexpr bool tells_of_dropped = includes(Needs, message_part::dropped);

    scheduler& loop_;
    Call f_;
    std::size_t concurrency_, window_;
    order_by order_;
    bool tells_of_no_key_;  // once
    bool keeps_whole_;      // source messages are kept whole, for dead letters
    std::vector<std::unique_ptr<call>> all_;
    call* spare_ = nullptr;
    list calls_;
    list leaving_;  // calls of lost partitions that still run
    // How many of `calls_` are under way; have failed and are not yet reported; wait for a retry.
    std::size_t active_ = 0, failed_ = 0, retrying_ = 0;
    /// Results in `ready_` whose calls had to wait. They count toward `concurrency`. Results of
    /// calls that finished at once do not: they need not wait for each other to be processed.
    std::size_t late_ = 0;
    time_point now_{};
    ready_input<typename Call::out, typename keeps::key> ready_;
};

}  // namespace weir::detail
