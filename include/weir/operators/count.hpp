// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>

#include <weir/state/change_table.hpp>
#include <weir/state/own_table.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

template <class N>
struct count_change : no_nulls, passes_value {
    static changed change(N& n, bool, const auto&) {
        ++n;
        return changed::set;
    }
    /// Of two sessions that become one.
    static void merge(N& into, const N& from, bool) { into += from; }
};

template <class K, class V>
struct count_op {
    using weir_operator = void;
    using N = aggregated_t<V>;
    template <class>
    using out = N;
    table_of<K, V>* table;

    template <class StreamKey, class In>
    static consteval bool check() {
        return check_value<In>() && value_fits_table<V>() && key_fits_table<K, StreamKey>();
    }
    template <class>
    static consteval bool check_value() {
        static_assert(std::is_arithmetic_v<N> && !std::is_same_v<N, bool>,
                      "weir: count(table): the table's values are numbers: app.table<K, "
                      "std::int64_t>(…)");
        return true;
    }
    std::string describe() const { return "count " + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(*table, here);
        return here;
    }
    template <class>
    count_change<N> change() const {
        return {};
    }
    template <class, class In>
    table_changer<K, V, count_change<N>> make_step(plan&) const {
        return {*table, change<In>()};
    }
};
struct count_of {
    static constexpr const char* name = "count";
    template <class>
    using value = std::int64_t;
    template <class, class V>
    static V init() {
        return {};
    }
    template <class K, class V>
    count_op<K, V> in(table_of<K, V>& t) const {
        return {&t};
    }
};
struct count_fn {
    /// Behind window: into a table of its own.
    own_aggregation<count_of> operator()() const { return {}; }
    template <class K, class V>
    count_op<K, V> operator()(const weir::table<K, V>& into) const {
        return {&into.info()};
    }
};

}  // namespace detail

/// Counts the values of each key in a table, and passes on how many there are now.
///
///     in   --a-b-a--|
///     out  --1-1-2--|          count(t), by key
///
/// Shape    stream<K, V> -> stream<K, N>, with a table<K, N>
/// Order    kept; a table is changed in the order in which messages come here
/// Acks     an offset is committed only when the changelog has the table as of that offset
/// Holds    the table, in memory; what messages have changed that are not committed
/// Time     a result has the largest timestamp of what went into it
/// Errors   a message that fails has not been counted; null values are passed over
/// Cost     one look at the table; a record of the changelog for each key and commit
/// Example  samples/operators/count.cpp    Page docs/operators/count.md
inline constexpr detail::count_fn count{};

}  // namespace weir
