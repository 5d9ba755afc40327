// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <weir/operators/stream_join.hpp>
#include <weir/state/join_tables.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

struct outer_join_fn : join_streams_fn<join_kind::outer>, join_tables_fn<join_kind::outer> {
    using join_streams_fn<join_kind::outer>::operator();
    using join_tables_fn<join_kind::outer>::operator();
};

}  // namespace detail

/// With another stream, `a | outer_join(b, within(…), grace(d), f)`: see stream_join.hpp.
///
/// Two tables as one: for each key that either of them has, what `f` makes of both. Passes on each
/// change of it: a result when one of the tables changes, and an empty std::optional when both have
/// the key no more. The function gets pointers, and one of them may be null.
///
///     t1   --1----------2--x----|      x: the key is erased
///     t2   ----7--8----------x--|
///     out  --1-17-18----28-8-x--|      outer_join(t1, t2, f), one key
///
/// `join(t1, t2, f)` has only keys that both tables have; `left_join(t1, t2, f)` those of t1.
///
/// Shape    two tables, table<K, A> and table<K, B>, -> stream<K, std::optional<R>>, with
///          f(const A*, const B*) -> R; of join f(const A&, const B&), of left_join
///          f(const A&, const B*)
/// Order    that of the changes of each partition
/// Acks     the message that has changed a table is held until its results are processed
/// Holds    results that are not processed yet, each with its message
/// Time     a result has the larger timestamp of both rows
/// Errors   a result that fails is no failure of the message that has changed the table: it stops
///          the app by default
/// Cost     one look at the other table for each change; a copy of both values
/// Throws   weir::setup_error at the start if the topics that fill the tables have different
///          numbers of partitions, or if no agent changes one of them
/// Example  samples/operators/outer_join.cpp    Page docs/operators/outer_join.md
inline constexpr detail::outer_join_fn outer_join{};

}  // namespace weir
