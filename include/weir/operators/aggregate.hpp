// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/data_type.hpp>
#include <weir/state/change_table.hpp>
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

template <class A, class F, class In>
struct aggregate_change : no_nulls {
    F f;
    explicit aggregate_change(F g) : f(std::move(g)) {}
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

template <class K, class A, class F>
struct aggregate_op {
    using weir_operator = void;
    template <class V>
    using plain = typename without_null<V>::type;
    template <class V>
    using out = std::conditional_t<may_erase<F, A, plain<V>>, std::optional<A>, A>;
    table_of<K, A>* table;
    F f;

    template <class StreamKey, class V>
    static consteval bool check() {
        using In = plain<V>;
        constexpr bool fits = returns_next<F, A, In> || calls<F, A&, const In&>;
        static_assert(fits || f_can_be_called_with<F, A&, const In&>,
                      "weir: aggregate(table, f): f cannot be called with the table's value and "
                      "the stream's: f(A&, const V&) changes the value, f(const A&, const V&) "
                      "returns the next one");
        if constexpr (returns_next<F, A, In>)
            static_assert(f_returns<next_of<F, A, In>, next_state_of<A>>,
                          "weir: aggregate(table, f): f must return the next value, of the table's "
                          "type, or a std::optional of it, which erases the key if it is empty");
        return key_fits_table<K, StreamKey>();
    }
    std::string describe() const { return "aggregate " + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.changes(*table, here);
        return here;
    }
    template <class V>
    aggregate_change<A, F, plain<V>> change() const {
        return aggregate_change<A, F, plain<V>>{f};
    }
    template <class, class V>
    table_changer<K, A, aggregate_change<A, F, plain<V>>> make_step(detail::plan&) const {
        return {*table, change<V>()};
    }
};
struct aggregate_fn {
    template <class K, class A, class F>
    aggregate_op<K, A, F> operator()(const weir::table<K, A>& into, F f) const {
        return {&into.info(), std::move(f)};
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
