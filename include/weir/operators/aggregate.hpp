// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/data_type.hpp>
#include <weir/state/change_table.hpp>
#include <weir/state/own_table.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

template <class T>
inline constexpr bool is_optional = false;
template <class T>
inline constexpr bool is_optional<std::optional<T>> = true;

/// f(A&, const V&) changes the value in place; f(const A&, const V&) returns the next one, or an
/// optional, which erases the key if it is empty. An f that returns nothing is not asked about a
/// constant A: a generic lambda would be compiled for it.
template <class F, class A, class In>
concept returns_next =
    !std::is_void_v<returned_by<F, A&, const In&>> && calls<F, const A&, const In&>;
template <class F, class A, class In>
inline constexpr bool may_erase = false;
template <class F, class A, class In>
    requires returns_next<F, A, In>
inline constexpr bool may_erase<F, A, In> =
    is_optional<std::decay_t<returned_by<F, const A&, const In&>>> && !is_optional<A>;

/// What it returns, or what is in the optional.
template <class F, class A, class In>
struct next {
    using type = std::decay_t<returned_by<F, const A&, const In&>>;
};
template <class F, class A, class In>
    requires may_erase<F, A, In>
struct next<F, A, In> {
    using type = typename std::decay_t<returned_by<F, const A&, const In&>>::value_type;
};
template <class F, class A, class In>
using next_of = typename next<F, A, In>::type;

/// No function that merges two values was given.
struct no_merge {};

/// The first parameter of a function, where it has one form.
template <class F>
struct first_parameter;
template <class R, class T, class... More>
struct first_parameter<R (*)(T, More...)> {
    using type = T;
};
template <class R, class C, class T, class... More>
struct first_parameter<R (C::*)(T, More...) const> {
    using type = T;
};
template <class R, class C, class T, class... More>
struct first_parameter<R (C::*)(T, More...)> {
    using type = T;
};
template <class F>
consteval bool takes_a_copy() {
    if constexpr (requires { typename first_parameter<F>::type; })
        return !std::is_reference_v<typename first_parameter<F>::type>;
    else if constexpr (requires { typename first_parameter<decltype(&F::operator())>::type; })
        return !std::is_reference_v<typename first_parameter<decltype(&F::operator())>::type>;
    else return false;
}
/// A function that returns nothing has to change the table's value, and not a copy of it.
template <class F, class A, class In>
inline constexpr bool changes_a_copy = !returns_next<F, A, In> && takes_a_copy<F>();

template <class A, class F, class Merge, class In>
struct aggregate_change : no_nulls {
    F f;
    Merge merges;
    aggregate_change(F g, Merge m) : f(std::move(g)), merges(std::move(m)) {}
    /// Of two sessions that become one.
    void merge(A& into, const A& from, bool) {
        if constexpr (returns_next<Merge, A, A>)
            into = detail::call(merges, std::as_const(into), from);
        else detail::call(merges, into, from);
    }
    changed change(A& value, bool, const auto& from) {
        const In& v = not_null<In>(from);
        if constexpr (!returns_next<F, A, In>) {
            detail::call(f, value, v);
        } else if constexpr (may_erase<F, A, In>) {
            auto now = detail::call(f, std::as_const(value), v);
            if (!now) return changed::erased;
            value = std::move(*now);
        } else {
            value = detail::call(f, std::as_const(value), v);
        }
        return changed::set;
    }
    static void pass(context& at, const auto& row, auto&&, auto&& next) {
        if constexpr (may_erase<F, A, In>)
            next(at, row.live ? std::optional<A>{row.value} : std::optional<A>{});
        else passes_value::pass(at, row, row, next);
    }
};

template <class K, class TableValue, class F, class Merge = no_merge>
struct aggregate_op {
    using weir_operator = void;
    using A = aggregated_t<TableValue>;
    template <class V>
    using plain = typename without_null<V>::type;
    static constexpr bool can_merge = !std::is_same_v<Merge, no_merge>;
    template <class V>
    using out = std::conditional_t<may_erase<F, A, plain<V>>, std::optional<A>, A>;
    table_of<K, TableValue>* table;
    F f;
    Merge merge{};

    template <class StreamKey, class V>
    static consteval bool check() {
        constexpr bool good = check_value<V>() && value_fits_table<TableValue>();
        return good && key_fits_table<K, StreamKey>();
    }
    template <class V>
    static consteval bool check_value() {
        using In = plain<V>;
        constexpr bool fits = returns_next<F, A, In> || calls<F, A&, const In&>;
        static_assert(fits || f_can_be_called_with<F, A&, const In&>,
                      "weir: aggregate(table, f): f cannot be called with the table's value and "
                      "the stream's: f(A&, const V&) changes the value, f(const A&, const V&) "
                      "returns the next one");
        static_assert(!changes_a_copy<F, A, In>,
                      "weir: aggregate(table, f): f returns nothing and takes the table's value as "
                      "a copy, so it changes nothing: f(A&, const V&)");
        if constexpr (returns_next<F, A, In>)
            static_assert(f_returns<next_of<F, A, In>, next_state_of<A>>,
                          "weir: aggregate(table, f): f must return the next value, of the table's "
                          "type, or a std::optional of it, which erases the key if it is empty");
        if constexpr (can_merge)
            static_assert(returns_next<Merge, A, A> || calls<Merge, A&, const A&>,
                          "weir: aggregate(table, f, merge): merge cannot be called with two of "
                          "the table's values: merge(A&, const A&) adds the second to the first, "
                          "merge(const A&, const A&) returns the sum");
        return true;
    }
    std::string describe() const { return "aggregate " + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(*table, here);
        return here;
    }
    template <class V>
    aggregate_change<A, F, Merge, plain<V>> change() const {
        return {f, merge};
    }
    template <class, class V>
    table_changer<K, TableValue, aggregate_change<A, F, Merge, plain<V>>> make_step(
        detail::plan&) const {
        return {*table, change<V>()};
    }
};
template <class A, class F, class Merge>
struct aggregate_of {
    static constexpr const char* name = "aggregate";
    template <class>
    using value = A;
    A first;
    F f;
    Merge merge;
    template <class, class V>
    V init() const {
        if constexpr (std::is_same_v<V, A>) return first;
        else return {};
    }
    template <class K, class V>
    aggregate_op<K, V, F, Merge> in(table_of<K, V>& t) const {
        return {&t, f, merge};
    }
};
struct aggregate_fn {
    /// Behind window: into a table of its own, where values begin with `init`.
    template <class A, class F>
    own_aggregation<aggregate_of<A, F, no_merge>> operator()(A init, F f) const {
        return {{std::move(init), std::move(f), {}}};
    }
    template <class A, class F, class Merge>
    own_aggregation<aggregate_of<A, F, Merge>> operator()(A init, F f, Merge merge) const {
        return {{std::move(init), std::move(f), std::move(merge)}};
    }
    template <class K, class A, class F>
    aggregate_op<K, A, F> operator()(const weir::table<K, A>& into, F f) const {
        return {&into.info(), std::move(f)};
    }
    /// `merge` makes one of two values: sessions ask for it.
    template <class K, class A, class F, class Merge>
    aggregate_op<K, A, F, Merge> operator()(const weir::table<K, A>& into, F f, Merge merge) const {
        return {&into.info(), std::move(f), std::move(merge)};
    }
};

}  // namespace detail

/// Changes what a table has for each value's key, and passes on what it is then. `f(A&, const V&)`
/// changes it in place; `f(const A&, const V&)` returns the next one. If that is an empty
/// std::optional, the key is erased, and the empty optional is passed on. A key begins with the
/// table's `.init`.
///
///     in   --1-2-3--|
///     out  --1-3-6--|          aggregate(t, [](int& sum, int n) { sum += n; }), all of one key
///
/// Shape    stream<K, V> -> stream<K, A>, or stream<K, std::optional<A>>, with a table<K, A>
/// Order    kept; a table is changed in the order in which messages come here
/// Acks     an offset is committed only when the changelog has the table as of that offset
/// Holds    the table, in memory; what messages have changed that are not committed
/// Time     a result has the largest timestamp of what went into it
/// Errors   what `f` throws: the agent's `on_error`. A message that fails has changed nothing; null
///          values are passed over
/// Cost     one look at the table, the call, copies of the value; a record of the changelog for
///          each key and commit
/// Example  samples/operators/aggregate.cpp    Page docs/operators/aggregate.md
inline constexpr detail::aggregate_fn aggregate{};

}  // namespace weir
