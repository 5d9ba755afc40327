// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/state/stream_time.hpp>
#include <weir/state/timed_results.hpp>
#include <weir/table.hpp>

namespace weir {

struct timers_options {
    /// After so long without a message, at the end of the log, stream time goes on with the app's
    /// clock, so that timers of stream time are fired on a quiet partition. 0: never.
    duration idle{};
};

/// What the function of `timers` passes on: `out(value)`, any number of times. Valid during the
/// call.
template <class T>
class timer_out {
public:
    template <class Pass>
    timer_out(Pass& p, timestamp t)
        : to_(&p),
          pass_([](void* onto, T&& v) { (*static_cast<Pass*>(onto))(std::move(v)); }),
          time_(t) {}
    void operator()(T v) const { pass_(to_, std::move(v)); }
    /// What the timer was set to.
    timestamp time() const { return time_; }

private:
    void* to_;
    void (*pass_)(void*, T&&);
    timestamp time_;
};

namespace detail {

/// A timer is due: its function is to be called.
template <class K>
struct due_timer {
    K key{};
    timestamp time{};
};

/// The timers that are due are fired behind the message that has moved the time. The next message
/// finds what their functions have changed.
template <class K>
struct timers_fire {
    static constexpr bool one_by_one = true;
    static constexpr bool cascades = true, changes_again = true;
    static constexpr const char* why_held = "the timers that it has fired are being processed";
    static bool next(auto& in, const auto&, time_reached to, message_number by, auto f) {
        return in.fire_next(to.time, to.clock, by, [&](const K& key, timestamp time) {
            f(key, due_timer<K>{key, time}, time);
        });
    }
};
template <class Table, message_part Needs, class K = typename Table::row_key>
using due_timers = timed_results<Table, K, due_timer<K>, Needs, timers_fire<K>>;

/// Moves the time, and fires the timers that are due.
template <class Table, class Due>
class timer_time {
    using shard_type = typename Table::shard_type;

public:
    static constexpr message_part needs = needs_stream_time;
    timer_time(const Table& t, Due& to) : time_(t), due_(&to) {}

    void operator()(context& c, auto&&, auto&&) {
        time_.come(c, nothing, [](auto&, auto&) {});
    }
    void apply(context& c) {
        if (c.now.more) return;  // timers are fired behind the last piece
        time_.apply(c, nothing);
        time_.each(c, [this](shard_type& s, const auto& ref, const context& its) {
            if (s.next_end() <= s.time()) due_->move(ref.shared(), ref.by(its), its, s.time());
        });
        due_->begin(c);
    }
    void finish() { time_.finish(); }
    void undo() { time_.undo(); }
    void assigned(const topic_partition& tp) { time_.assigned(tp); }
    void revoked(const topic_partition& tp) { time_.revoked(tp); }

private:
    static constexpr auto nothing = [](auto&, auto&, auto&, bool) {};

    stream_time<Table> time_;
    Due* due_;
};

/// Calls the function of a timer that is due. What it changes is undone if it throws, and then the
/// timer is due still.
template <class Table, class F, class Out>
class timer_calls {
    using K = typename Table::row_key;

public:
    timer_calls(const Table& t, F f) : table_(&t), f_(std::move(f)) {}

    void operator()(context& c, const due_timer<K>& what, auto&& next) {
        if (c.ownership() == ownership::lost) return;
        auto& ref = shards_.of(c);
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard) return;
        const auto* found = shard->find(what.key);
        // another timer's function may have erased the key, or set its timer anew
        if (!found || found->value.timer.is != timer::kind::due) return;
        const auto by = ref.by(c);
        auto* r = shard->change(what.key, by.input, by.at);
        if (!r) return;
        r->value.timer.is = timer::kind::none;
        auto& value = r->value.value;
        if constexpr (calls<F, const K&, decltype((value)), timer_out<Out>&>) {
            auto pass = [&](Out&& v) { next(std::move(v)); };
            timer_out<Out> out{pass, what.time};
            f_(what.key, value, out);
        } else {
            f_(what.key, value);
        }
    }
    void finish() { shards_.finish(); }
    void undo() { shards_.undo(); }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    const Table* table_;
    F f_;
    shard_refs<Table> shards_{};
};

/// The stream behind: what the timers' function passes on, with their keys.
template <class Table, class F, class Out>
struct behind_timers {
    using weir_stream = void;
    using key = typename Table::row_key;
    using value = Out;
    boundary* from;
    const Table* table;
    F f;
    template <class Chain>
    void build(plan& p, Chain chain) const {
        using calls = timer_calls<Table, F, Out>;
        p.connect(*from, new_segment<due_timer<key>>(
                             p, step<calls, Chain>{calls{*table, f}, std::move(chain)}));
    }
};

template <class K, class V, class F, class R>
struct timers_op {
    using weir_operator = void;
    template <class In>
    using out = std::conditional_t<std::is_void_v<R>, In, R>;
    template <class, class>
    using key = K;
    using table_type = table_of<K, timed<V>>;
    table_type* table;
    F f;
    timers_options options;

    template <class, class In>
    static consteval bool check() {
        using to = timer_out<out<In>>;
        static_assert(calls<F, const K&, V&> || f_can_be_called_with<F, const K&, V&, to&>,
                      "weir: timers(table, f): f cannot be called with a key, the value of the "
                      "table, and what it passes values on by: f(const K&, V&, auto& out)");
        static_assert(!gives_task<F, const K&, V&> && !gives_task<F, const K&, V&, to&>,
                      "weir: timers(table, f): f gives a task, which nobody would await: let it "
                      "pass on a value, and put an asynchronous map behind");
        return true;
    }
    std::string describe() const { return "timers " + table->name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        if (table->windows.fires_timers)
            throw setup_error{"weir: the timers of table '" + table->name +
                              "' are fired twice: a table has one timers(table, f)"};
        window_settings s{"timers"};
        s.fires_timers = true;
        s.idle = options.idle;
        table->fill_by_windows(std::move(s));
        table->changes_come_of = table_info::change_by::functions;  // f is one
        g.changes(*table, here);
        return here;
    }
    template <class, class In, message_part Needs>
    auto split(plan& p) const {
        p.depends_on_time();
        using made = due_timers<table_type, Needs>;
        using end = into_boundary<made, message_part::none>;
        using moves = timer_time<table_type, made>;
        auto& to = static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p, *table}}));
        return split_at{step<moves, end>{moves{*table, to}, end{to}},
                        behind_timers<table_type, F, out<In>>{&to, table, f}};
    }
};

}  // namespace detail

/// Calls `f(key, value&, out)` when the timer of a key is due. Bodies before it set timers:
/// `table.at(key, t)` by stream time, `table.after(key, d)` by the app's clock. What f changes in
/// tables counts once; what it passes on by `out(value)` may come again after a crash.
///
///     in   --a1-----b2--b9--|          tap(each key's timer is set 5 s further)
///     out  -------------a---|          | timers(open, passes on the key)
///
///     timers<R>(table, f, {.idle})     R: what f passes on; without it the stream's type
///
/// Shape    stream<L, V> -> stream<K, R>, with a table<K, timed<T>>. The stream's values end here
/// Order    timers that are due together: by time, then by the key's bytes
/// Acks     the message that has moved the time is held until f has been called for all that are
///          due, and what it has passed on is processed
/// Holds    the timers, in the table; at most 256 that are due
/// Time     stream time, as for windows; `after` the app's clock. What f passes on has the timer's
/// Errors   what f throws is no failure of the message that has moved the time. Default: stop. A
///          timer that is skipped is not called again
/// Cost     a look at an index for each message; for each timer that is due two at the table
/// Throws   weir::setup_error if the table's timers are fired by another `timers`, too
/// Example  samples/operators/timers.cpp    Page docs/operators/timers.md
template <class R = void, class K, class V, class F>
detail::timers_op<K, V, F, R> timers(const table<K, timed<V>>& of, F f, timers_options o = {}) {
    if (o.idle < duration::zero()) throw setup_error{"weir: timers: .idle must not be negative"};
    return {&of.info(), std::move(f), o};
}
template <class R = void, class K, class V, class F>
detail::timers_op<K, V, F, R> timers(const table<K, V>&, F, timers_options = {}) {
    static_assert(std::is_void_v<K>,
                  "weir: timers(table, f): this table has no timers: declare it as app.table<K, "
                  "weir::timed<V>>(…)");
    return {};
}

}  // namespace weir
