// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <utility>

#include <weir/operators/stream_join.hpp>
#include <weir/state/join_table.hpp>
#include <weir/state/join_tables.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

struct left_join_fn : join_streams_fn<join_kind::left>, join_tables_fn<join_kind::left> {
    using join_streams_fn<join_kind::left>::operator();
    using join_tables_fn<join_kind::left>::operator();
    template <class K, class V, class F>
    join_table_op<K, V, F, true> operator()(const weir::table<K, V>& with, F f) const {
        return {&with.info(), std::move(f)};
    }
    /// With a global table, by a key that is taken from the value.
    template <class K, class V, class KeyOf, class F>
    join_global_op<K, V, KeyOf, F, true> operator()(const weir::global_table<K, V>& with, KeyOf key,
                                                    F f) const {
        return {&with.info(), std::move(key), std::move(f)};
    }
    template <is_stream S, class F>
    auto operator()(const S&, F) const {
        static_assert(is_no_table<S>());
    }
};

}  // namespace detail

/// With another stream, `left_join(b, within(…), grace(d), f)`: see stream_join.hpp. Of two tables,
/// `left_join(t1, t2, f)`: see outer_join.hpp.
///
/// Joins each value with what a table has for its key now, and passes on `f(value, row)`. The row
/// is a pointer, null if the table has none. As `join`, but nothing is passed over.
///
///     in     --a1------a2--b3--|
///     table  -----aX-----------|
///     out    --1-------2X--3---|          left_join(t, f), a and b are keys
///
/// Shape    stream<K, V> -> stream<K, R>, with a table<K, T> and f(const V&, const T*) -> R
/// Order    kept
/// Acks     no change
/// Holds    nothing; the table is in memory
/// Time     a result has the timestamp of the stream's message
/// Errors   what `f` throws: the agent's `on_error`. A null key matches nothing.
/// Cost     one look at the table, and the call
/// Throws   weir::setup_error at the start if the stream's topic and those that fill the table have
///          different numbers of partitions, or if no agent changes the table
/// Example  samples/operators/left_join.cpp    Page docs/operators/left_join.md
inline constexpr detail::left_join_fn left_join{};

}  // namespace weir
