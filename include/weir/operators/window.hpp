// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/operators/aggregate.hpp>
#include <weir/operators/count.hpp>
#include <weir/operators/reduce.hpp>
#include <weir/state/window_changer.hpp>

namespace weir {
namespace detail {

template <class K>
struct shown_key<in_window<K>> {
    using type = windowed<K>;
};

/// When a window passes something on.
enum class emits : bool { on_close, on_update };

/// A copy of an aggregation's function, that merges panes.
template <class Change, class A>
class merger_of final : public value_merger<A> {
public:
    explicit merger_of(Change c) : change_(std::move(c)) {}
    void merge(A& into, const A& from) const override { change_.merge(into, from, false); }

private:
    mutable Change change_;
};
/// Whether it is what a table begins with that was not given `.init`.
template <class A>
bool is_default(const A& init) {
    bytes a, b;
    encode_onto<A>(init, a);
    encode_onto<A>(A{}, b);
    return a == b;
}

template <class Change>
inline constexpr bool is_reduce = false;
template <class V, class F>
inline constexpr bool is_reduce<reduce_change<V, F>> = true;

template <class Op>
inline constexpr bool merges = true;
template <class K, class V, class F>
inline constexpr bool merges<aggregate_op<K, V, F, no_merge>> = false;

/// `count`, `aggregate` or `reduce` behind `window`.
template <class Windows, emits Emits, class Aggregation>
struct window_aggregate_op {
    using weir_operator = void;
    static constexpr bool behind_window = true;
    static constexpr bool has_sessions = std::is_same_v<Windows, session_windows>;
    using table_type = std::remove_pointer_t<decltype(Aggregation::table)>;
    using V = decltype(table_type::init);
    using A = aggregated_t<V>;
    template <class In>
    using update =
        std::conditional_t<has_sessions, std::optional<A>, typename Aggregation::template out<In>>;
    template <class In>
    using out = std::conditional_t<Emits == emits::on_close, A, update<In>>;
    template <class StreamKey, class>
    using key = shown_key_t<StreamKey>;

    template <class StreamKey, class In>
    static consteval bool check() {
        using window_key = shown_key_t<StreamKey>;
        using plain_key = decltype(window_key::key);
        using wanted = std::conditional_t<has_sessions, plain_key, window_key>;
        static_assert(has_sessions || !is_sessions<V>,
                      "weir: this table is for sessions, and the windows are no sessions: declare "
                      "it as app.table<weir::windowed<K>, V>(…)");
        static_assert(!has_sessions || is_sessions<V>,
                      "weir: behind window(session(gap), …) a table has each key's sessions: "
                      "declare it as app.table<K, weir::sessions<V>>(…)");
        static_assert(has_sessions || is_sessions<V> || is_windowed<table_key>,
                      "weir: behind window a table has a value for each window of a key: declare "
                      "it as app.table<weir::windowed<K>, V>(…)");
        static_assert(!has_sessions || merges<Aggregation>,
                      "weir: a message may make one session of two: say how their values become "
                      "one, aggregate(table, f, merge)");
        return Aggregation::template check_value<In>() && key_fits_table<table_key, wanted>();
    }
    window_spec<Windows> spec;
    Aggregation op;

    std::string describe() const { return op.describe(); }
    template <class StreamKey, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        op.table->fill_by_windows(spec.settings());
        if constexpr (can_have_panes<In>)
            // A message of a batch may be too late for a window that closes only behind the batch.
            // In a pane it would be in that window, too.
            if (!here.in_batches && spec.windows.advance < spec.windows.size &&
                is_default(op.table->init)) {
                op.table->windows.in_panes = true;
                op.table->merger =
                    std::make_shared<const merger_of<decltype(op.template change<In>()), A>>(
                        op.template change<In>());
            }
        if (!spec.options.late.empty()) {
            auto& late = g.derived(spec.options.late, here);
            g.join(here, g.topic(late, key_name<bytes>(), value_name<bytes>()));
        }
        return op.template draw<StreamKey, In>(g, here);
    }
    template <class, class In, message_part Needs>
    auto split(plan& p) const
        requires(Emits == emits::on_close)
    {
        using made = closed_windows<table_type, Needs>;
        using end = into_boundary<made, message_part::none>;
        auto& to = static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p, *op.table}}));
        auto changes = changer<In>(p, &to);
        return split_at{step<decltype(changes), end>{std::move(changes), end{to}},
                        downstream<windowed<typename table_type::shard_type::key_type>, A>{&to}};
    }
    template <class, class In>
    auto make_step(plan& p) const
        requires(Emits == emits::on_update)
    {
        return changer<In>(p, static_cast<void*>(nullptr));
    }

private:
    using table_key = typename table_type::row_key;
    // reduce's function depends on the order of values, for all that is known
    template <class In>
    static constexpr bool can_have_panes =
        Emits == emits::on_close && !has_sessions && merges<Aggregation> &&
        std::is_same_v<typename Aggregation::template out<In>, A> &&  // it does not erase
        !is_reduce<decltype(std::declval<const Aggregation&>().template change<In>())>;
    template <class In, class Closed>
    auto changer(plan& p, Closed* to) const {
        auto change = op.template change<In>();
        p.depends_on_time();
        auto* late = spec.options.late.empty() ? nullptr : p.next_targets(1).front();
        return window_changer<table_type, decltype(change), Windows, Closed>{
            *op.table, std::move(change), spec, late, to};
    }
};

/// The same with a table of its own.
template <class Windows, emits Emits, class Of>
struct window_own_op {
    using weir_operator = void;
    static constexpr bool behind_window = true;
    static constexpr bool has_sessions = std::is_same_v<Windows, session_windows>;
    template <class In>
    using plain_value = typename Of::template value<In>;
    template <class K, class In>
    using table_type =
        std::conditional_t<has_sessions,
                           table_of<decltype(shown_key_t<K>::key), sessions<plain_value<In>>>,
                           table_of<shown_key_t<K>, plain_value<In>>>;
    template <class K, class In>
    using aggregation = decltype(std::declval<const Of&>().in(std::declval<table_type<K, In>&>()));
    template <class K, class In>
    using op = window_aggregate_op<Windows, Emits, aggregation<K, In>>;
    template <class K, class In>
    using out = typename op<K, In>::template out<In>;
    template <class K, class>
    using key = shown_key_t<K>;

    template <class K, class In>
    static consteval bool check() {
        return op<K, In>::template check<K, In>();
    }
    window_spec<Windows> spec;
    Of of;

    std::string describe() const { return Of::name; }
    template <class K, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        using row_key = typename table_type<K, In>::row_key;
        using value = decltype(table_type<K, In>::init);
        constexpr std::size_t journal_max = table_options<int>{}.journal_max;
        std::unique_ptr<table_info> made =
            make_table<row_key>({}, of.template init<In, value>(), journal_max);
        auto& t = static_cast<table_type<K, In>&>(g.own_table(std::move(made), "window"));
        t.windows = {};  // it may have been drawn before
        return with<K, In>(t).template draw<K, In>(g, here);
    }
    template <class K, class In, message_part Needs>
    auto split(plan& p) const
        requires(Emits == emits::on_close)
    {
        return with<K, In>(table<K, In>(p)).template split<K, In, Needs>(p);
    }
    template <class K, class In>
    auto make_step(plan& p) const
        requires(Emits == emits::on_update)
    {
        return with<K, In>(table<K, In>(p)).template make_step<K, In>(p);
    }

private:
    template <class K, class In>
    static auto& table(plan& p) {
        return static_cast<table_type<K, In>&>(p.next_table());
    }
    template <class K, class In>
    op<K, In> with(table_type<K, In>& t) const {
        return {spec, of.in(t)};
    }
};

/// Says which windows there are. The aggregation behind it does the work.
template <class Windows, emits Emits>
struct window_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class K, class>
    using key = in_window<K>;
    template <class K, class>
    static consteval bool check() {
        static_assert(!is_common_key<K>,
                      "weir: behind take a batch has no key of its own: put window before take, or "
                      "flat_map(std::identity{}) behind it");
        static_assert(is_common_key<K> || has_key_type<K>,
                      "weir: window works by key, and this stream has no key type: declare the "
                      "topic with one, app.topic<K, V>(…), or put group_by before");
        static_assert(is_common_key<K> || !nullable<shown_key_t<K>> || is_raw<shown_key_t<K>>,
                      "weir: this stream's key may be null, and a window's key may not: declare "
                      "the topic with the key type itself, or put group_by before");
        return true;
    }
    window_spec<Windows> spec;

    std::string describe() const { return spec.text(); }
    void operator()(context&, auto&& v, auto&& next) const { next(std::forward<decltype(v)>(v)); }
};

struct window_fn {
    template <class Windows>
    window_op<Windows, emits::on_close> operator()(Windows w, weir::grace g,
                                                   window_options o = {}) const {
        return {spec(std::move(w), g, std::move(o))};
    }
    template <class Windows>
    window_op<Windows, emits::on_update> operator()(Windows w, weir::grace g, on_update_t,
                                                    window_options o = {}) const {
        if (o.idle > duration::zero())
            throw setup_error{"weir: window: .idle closes windows, and with on_update nothing is "
                              "passed on when one closes"};
        return {spec(std::move(w), g, std::move(o))};
    }
    template <class Windows>
    window_op<Windows, emits::on_close> operator()(Windows, window_options = {}) const {
        static_assert(std::is_void_v<Windows>,
                      "weir: window(windows, grace(d)): say how long a window waits for messages "
                      "that are late: what comes later is not counted, and a result comes so much "
                      "later. grace(0s) waits for none");
        return {};
    }
    template <class Windows, class Rep, class Period, class... Rest>
    window_op<Windows, emits::on_close> operator()(Windows, std::chrono::duration<Rep, Period>,
                                                   Rest...) const {
        static_assert(std::is_void_v<Windows>,
                      "weir: window(windows, grace(d)): write grace(5s), not 5s alone");
        return {};
    }

private:
    template <class Windows>
    static window_spec<Windows> spec(Windows w, weir::grace g, window_options o) {
        if (o.idle < duration::zero())
            throw setup_error{"weir: window: .idle must not be negative"};
        w.move_by(o.offset);
        return {std::move(w), g.time, std::move(o)};
    }
};

}  // namespace detail

/// The aggregation behind `window` is one operator with it.
template <detail::is_stream S, class Windows, detail::emits Emits, class Op>
    requires(requires { Op::template check_value<typename S::value>; })
auto operator|(pipeline<S, detail::window_op<Windows, Emits>> s, Op op) {
    using both = detail::window_aggregate_op<Windows, Emits, Op>;
    auto spec = s.op().spec;
    return pipeline<decltype(s), both>{std::move(s), both{std::move(spec), std::move(op)}};
}

template <detail::is_stream S, class Windows, detail::emits Emits, class Of>
auto operator|(pipeline<S, detail::window_op<Windows, Emits>> s, detail::own_aggregation<Of> a) {
    using both = detail::window_own_op<Windows, Emits, Of>;
    auto spec = s.op().spec;
    return pipeline<decltype(s), both>{std::move(s), both{std::move(spec), std::move(a.of)}};
}

/// Divides each key's messages by time: `count`, `reduce` or `aggregate` behind it has a value for
/// each window. A window is passed on once, when it closes: when stream time, the largest timestamp
/// of its partition, has reached its end plus the grace. What comes later is late: it is not
/// counted, but told. With `on_update` each change is passed on in place of that.
///
///     in   --1--4--12--9--15--|
///     out  ---------------3---|          window(tumbling(10s), grace(5s)) | count(t), one key;
///                                        numbers are seconds
///
///     window(tumbling(size) | hopping(size, advance) | session(gap), grace(d)[, on_update],
///            {.idle, .late, .offset})
///     … | count(), reduce(f), aggregate(init, f[, merge])    into a table that nobody else reads
///
/// Shape    stream<K, V> -> stream<windowed<K>, A>, with a table<windowed<K>, A>. Sessions have a
///          table<K, sessions<A>>; with on_update they pass on std::optional<A>: an empty one says
///          that these bounds are no session any more
/// Order    windows that close together are passed on by end, start and the key's bytes
/// Acks     what closes a window is held until its results are processed; an offset is committed
///          only when the changelog has the table as of that offset
/// Holds    the open windows, in memory; the results that one message or the clock has made
/// Time     the messages' timestamps, for each partition; with `.idle` the app's clock where a
///          partition is quiet. A result has the largest timestamp of its messages; a session, its
///          end
/// Errors   a result that fails is no failure of the message that closed its window. Default: stop
/// Cost     one look at the table; where hopping windows cannot be merged, one for each window that
///          a message is in. A record of the changelog for each row and commit, and a tombstone
/// Throws   setup_error if a size, a gap, an advance, a grace or .idle makes no sense
/// Example  samples/operators/window.cpp    Page docs/operators/window.md
inline constexpr detail::window_fn window{};

}  // namespace weir
