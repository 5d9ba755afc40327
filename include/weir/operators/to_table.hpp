// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/state/change_table.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

template <class V>
struct to_table_change {
    static constexpr bool replaces = true;
    template <class In>
    static changed change(V& value, bool, const In& v) {
        if constexpr (std::is_same_v<In, V> && !nullable<In>) {
            value = v;
        } else if constexpr (is_raw<In>) {
            if (v.is_null()) return changed::erased;
            value = v;
        } else {
            if (!v) return changed::erased;
            value = *v;
        }
        return changed::set;
    }
    static void pass(context& at, const auto&, auto&& v, auto&& next) {
        next(at, std::forward<decltype(v)>(v));
    }
};

template <class K, class V>
struct to_table_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    table_of<K, V>* table;

    template <class StreamKey, class In>
    static consteval bool check() {
        constexpr bool fits = value_fits_table<V>() && key_fits_table<K, StreamKey>();
        using plain = typename without_null<In>::type;
        static_assert(std::is_same_v<plain, V>,
                      "weir: to_table(table): the table's values are of the stream's value type");
        return fits;
    }
    std::string describe() const { return "to_table " + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(*table, here);
        return here;
    }
    template <class, class>
    table_changer<K, V, to_table_change<V>> make_step(plan&) const {
        return {*table, {}};
    }
};
struct to_table_fn {
    template <class K, class V>
    to_table_op<K, V> operator()(const weir::table<K, V>& into) const {
        return {&into.info()};
    }
};

}  // namespace detail

/// Keeps the last value of each key in a table, and passes the values on. A null value erases its
/// key.
///
///     in   --a-b-a--|
///     out  --a-b-a--|          to_table(t)
///
/// Shape    stream<K, V> -> stream<K, V>, with a table<K, V>; or stream<K, std::optional<V>> with a
///          table<K, V>
/// Order    kept; a table is changed in the order in which messages come here, whatever their
///          timestamps are
/// Acks     an offset is committed only when the changelog has the table as of that offset
/// Holds    the table, in memory; what messages have changed that are not committed
/// Time     a value has the timestamp of its message
/// Errors   a message that fails has changed nothing
/// Cost     one look at the table, copies of the value; a record of the changelog for each key and
///          commit
/// Example  samples/operators/to_table.cpp    Page docs/operators/to_table.md
inline constexpr detail::to_table_fn to_table{};

}  // namespace weir
