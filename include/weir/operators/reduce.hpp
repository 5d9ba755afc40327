// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/state/change_table.hpp>
#include <weir/state/own_table.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

template <class V, class F>
struct reduce_change : no_nulls, passes_value {
    F f;
    explicit reduce_change(F g) : f(std::move(g)) {}
    changed change(V& last, bool had, const auto& v) {
        const V& now = not_null<V>(v);
        if (had) last = detail::call(f, std::as_const(last), now);
        else last = now;
        return changed::set;
    }
    /// Of two sessions that become one.
    void merge(V& into, const V& from, bool is_first) {
        if (is_first) into = from;
        else into = detail::call(f, std::as_const(into), from);
    }
};

template <class K, class TableValue, class F>
struct reduce_op {
    using weir_operator = void;
    using V = aggregated_t<TableValue>;
    template <class>
    using out = V;
    table_of<K, TableValue>* table;
    F f;

    template <class StreamKey, class In>
    static consteval bool check() {
        constexpr bool fits = key_fits_table<K, StreamKey>();
        return fits && value_fits_table<TableValue>() && check_value<In>();
    }
    template <class In>
    static consteval bool check_value() {
        using plain = typename without_null<In>::type;
        static_assert(std::is_same_v<plain, V>,
                      "weir: reduce(table, f): the table's values are of the stream's value type; "
                      "aggregate makes values of another type");
        static_assert(f_can_be_called_with<F, const V&, const V&>,
                      "weir: reduce(table, f): f cannot be called with the last value and the "
                      "stream's, f(const V&, const V&)");
        static_assert(f_returns<returned_by<F, const V&, const V&>, next_state_of<V>>,
                      "weir: reduce(table, f): f must return the next value, a V");
        return true;
    }
    std::string describe() const { return "reduce " + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(*table, here);
        return here;
    }
    template <class>
    reduce_change<V, F> change() const {
        return reduce_change<V, F>{f};
    }
    template <class, class In>
    table_changer<K, TableValue, reduce_change<V, F>> make_step(plan&) const {
        return {*table, change<In>()};
    }
};
template <class F>
struct reduce_of {
    static constexpr const char* name = "reduce";
    template <class In>
    using value = typename without_null<In>::type;
    template <class, class V>
    static V init() {
        return {};
    }
    F f;
    template <class K, class V>
    reduce_op<K, V, F> in(table_of<K, V>& t) const {
        return {&t, f};
    }
};
template <class K, class V, class Add, class Subtract>
struct reduce_groups_op;
struct reduce_fn {
    /// Behind window: into a table of its own.
    template <class F>
    own_aggregation<reduce_of<F>> operator()(F f) const {
        return {{std::move(f)}};
    }
    template <class K, class V, class F>
    reduce_op<K, V, F> operator()(const weir::table<K, V>& into, F f) const {
        return {&into.info(), std::move(f)};
    }
    /// Behind a table that is grouped: see grouped.hpp.
    template <class K, class V, class Add, class Subtract>
    reduce_groups_op<K, V, Add, Subtract> operator()(const weir::table<K, V>& into, Add add,
                                                     Subtract subtract) const {
        return {&into.info(), std::move(add), std::move(subtract)};
    }
};

}  // namespace detail

/// Keeps one value of each key in a table: the first, then `f(last, value)`. Passes on what it is
/// now. `f` is not called for the first value.
///
///     in   --3-1-4--|
///     out  --3-1-1--|          reduce(t, smaller), all of one key
///
/// Shape    stream<K, V> -> stream<K, V>, with a table<K, V>
/// Order    kept; a table is changed in the order in which messages come here
/// Acks     an offset is committed only when the changelog has the table as of that offset
/// Holds    the table, in memory; what messages have changed that are not committed
/// Time     a result has the largest timestamp of what went into it
/// Errors   what `f` throws: the agent's `on_error`. A message that fails has changed nothing; null
///          values are passed over
/// Cost     one look at the table, the call, copies of the value; a record of the changelog for
///          each key and commit
/// Example  samples/operators/reduce.cpp    Page docs/operators/reduce.md
inline constexpr detail::reduce_fn reduce{};

}  // namespace weir
