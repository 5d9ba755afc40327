// SPDX-License-Identifier: Apache-2.0
// Tables that are grouped: `t.changes() | group_by(f) | aggregate(t2, add, subtract)`.
#pragma once
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/operators/aggregate.hpp>
#include <weir/operators/count.hpp>
#include <weir/operators/group_by.hpp>
#include <weir/operators/reduce.hpp>
#include <weir/state/changes.hpp>
#include <weir/state/grouped_rows.hpp>
#include <weir/table.hpp>

namespace weir {
namespace detail {

/// A stream of what changes in groups.
template <class S>
concept is_grouped = is_stream<S> && is_group_member<typename S::value>;
template <class S>
struct value_of_rows;
template <class G, class K, class V>
struct value_of_rows<group_member<G, K, V>> {
    using type = V;
};

/// Whether `f` takes the rows of a table, and not its changes, which are optional. (A field of what
/// is in an optional could be called with it, too.)
template <class F, class K, class V>
concept takes_rows = (calls<F, const V&> || calls<F, const K&, const V&>)&&(
    std::is_member_pointer_v<F> || !calls<F, const typename table_changes<K, V>::value&>);

/// The next value by `f(A&, const V&)` or by what `f(const A&, const V&)` returns. False: none.
template <class V, class F, class A>
bool apply_to(F& f, A& value, const V& v) {
    if constexpr (!returns_next<F, A, V>) {
        call(f, value, v);
    } else if constexpr (may_erase<F, A, V>) {
        auto now = call(f, std::as_const(value), v);
        if (!now) return false;
        value = std::move(*now);
    } else {
        value = call(f, std::as_const(value), v);
    }
    return true;
}

/// Subtracts what has gone, then adds what has come.
template <class A, class V, class Add, class Subtract>
struct grouped_aggregate {
    static constexpr bool erases = may_erase<Add, A, V> || may_erase<Subtract, A, V>;
    using out = std::conditional_t<erases, std::optional<A>, A>;
    Add add;
    Subtract subtract;
    A init;
    changed change(A& value, bool, const group_change<V>& c) {
        bool lives = true;
        if (c.minus) lives = apply_to<V>(subtract, value, *c.minus);
        if (c.plus) {
            if (!lives) value = init;
            lives = apply_to<V>(add, value, *c.plus);
        }
        return lives ? changed::set : changed::erased;
    }
    static void pass(context& at, const auto& row, auto&&, auto&& next) {
        if constexpr (erases) next(at, row.live ? out{row.value} : out{});
        else passes_value::pass(at, row, row, next);
    }
};
template <class N, class V>
struct grouped_count : passes_value {
    using out = N;
    static changed change(N& n, bool, const group_change<V>& c) {
        if (c.minus) --n;
        if (c.plus) ++n;
        return changed::set;
    }
};
template <class V, class Add, class Subtract>
struct grouped_reduce : passes_value {
    using out = V;
    Add add;
    Subtract subtract;
    changed change(V& value, bool had, const group_change<V>& c) {
        if (c.minus) value = call(subtract, std::as_const(value), *c.minus);
        if (!c.plus) return changed::set;
        if (had) value = call(add, std::as_const(value), *c.plus);
        else value = *c.plus;
        return changed::set;
    }
};

/// An aggregation behind a grouped table. `Of` makes the change of V.
template <class K, class A, class Change>
struct grouped_op {
    using weir_operator = void;
    template <class>
    using out = typename Change::out;
    table_of<K, A>* table;
    std::string name;
    Change made;

    template <class StreamKey, class>
    static consteval bool check() {
        static_assert(!is_windowed<K> && !is_sessions<A>,
                      "weir: a table of windows is filled behind window(…)");
        return key_fits_table<K, StreamKey>();
    }
    std::string describe() const { return name + ' ' + table->name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        if (table->ttl.count() > 0)
            throw setup_error{"weir: table '" + table->name +
                              "' has a .ttl, and groups the rows of a table: a group goes on for "
                              "as long as it has rows; give the grouped table a .ttl"};
        g.changes(*table, here);
        return here;
    }
    template <class, class>
    table_changer<K, A, Change> make_step(plan&) const {
        return {*table, made};
    }
};

/// The sentences about functions that add a row's value and subtract it.
template <class A, class V, class F>
consteval bool changes_group() {
    constexpr bool fits = returns_next<F, A, V> || calls<F, A&, const V&>;
    static_assert(fits || f_can_be_called_with<F, A&, const V&>,
                  "weir: aggregate(table, add, subtract): both are called with the group's value "
                  "and a row's: f(A&, const V&) changes it, f(const A&, const V&) returns the next "
                  "one");
    if constexpr (returns_next<F, A, V>)
        static_assert(
            f_returns<next_of<F, A, V>, next_state_of<A>>,
            "weir: aggregate(table, add, subtract): both return the next value, of the "
            "table's type, or a std::optional of it, which erases the key if it is empty");
    return fits;
}

template <class S, class K, class A, class Change>
auto into_groups(S s, table_of<K, A>& t, const char* name, Change change) {
    auto members = std::move(s) | members_op{};
    using made = pipeline<decltype(members), grouped_op<K, A, Change>>;
    return made{std::move(members), {&t, name, std::move(change)}};
}

/// `reduce(table, add, subtract)`. It stands behind a grouped table only.
template <class K, class V, class Add, class Subtract>
struct reduce_groups_op {
    using weir_operator = void;
    template <class>
    using out = V;
    table_of<K, V>* table;
    Add add;
    Subtract subtract;

    template <class StreamKey, class In>
    static consteval bool check() {
        static_assert(is_group_member<In>,
                      "weir: reduce(table, add, subtract) stands behind a table that is grouped, "
                      "t.changes() | group_by(f): values of a stream are never subtracted, "
                      "reduce(table, f)");
        return true;
    }
    std::string describe() const { return "reduce " + table->name; }
    void operator()(context&, auto&&, auto&&) const {}
};

}  // namespace detail

/// A table's rows by group: `t.changes() | group_by(&account::city) | …`. `f(const V&)`, or
/// `f(const K&, const V&)`, gives the group of a row; an empty std::optional: it is in none. What
/// stands behind it counts rows, and not changes: a row that changes is subtracted and added.
///
/// Shape    table_changes<K, V> -> rows by group; count(t2), aggregate(t2, add, subtract) or
///          reduce(t2, add, subtract) follows
/// Acks     as group_by
/// Holds    two tables of its own: the group of each row, and what each group has of it
/// Page     docs/tables.md
template <class K, class V, class F>
    requires detail::takes_rows<F, K, V>
auto operator|(table_changes<K, V> of, detail::group_by_op<F> by) {
    using rows = detail::rows_op<K, V, F>;
    using member = typename rows::template out<V>;
    using group = typename rows::G member::*;
    const auto& o = by.options();
    auto sent = pipeline<table_changes<K, V>, rows>{std::move(of), {by.function(), o.name}};
    return std::move(sent) | detail::group_by_op<group>{&member::group, o};
}

/// Counts the rows of each group.
template <detail::is_grouped S, class K, class N>
auto operator|(S s, detail::count_op<K, N> op) {
    using V = typename detail::value_of_rows<typename S::value>::type;
    static_assert(op.template check_value<V>());
    return detail::into_groups(std::move(s), *op.table, "count", detail::grouped_count<N, V>{});
}
/// `add(A&, const V&)` adds a row's value to its group, and `subtract(A&, const V&)` takes it away.
/// A row that changes is one change: what it was is subtracted, then what it is is added. Both may
/// return the next value instead, as in aggregate(t, f).
template <detail::is_grouped S, class K, class A, class Add, class Subtract>
auto operator|(S s, detail::aggregate_op<K, A, Add, Subtract> op) {
    using V = typename detail::value_of_rows<typename S::value>::type;
    static_assert(!std::is_same_v<Subtract, detail::no_merge>,
                  "weir: behind a table that is grouped rows come and go: aggregate(table, add, "
                  "subtract)");
    if constexpr (std::is_same_v<Subtract, detail::no_merge>) {
        return s;
    } else {
        static_assert(detail::changes_group<A, V, Add>() &&
                      detail::changes_group<A, V, Subtract>());
        using change = detail::grouped_aggregate<A, V, Add, Subtract>;
        return detail::into_groups(std::move(s), *op.table, "aggregate",
                                   change{std::move(op.f), std::move(op.merge), op.table->init});
    }
}
template <detail::is_grouped S, class K, class V, class F>
auto operator|(S s, detail::reduce_op<K, V, F>) {
    static_assert(std::is_void_v<F>,
                  "weir: behind a table that is grouped rows come and go: reduce(table, add, "
                  "subtract)");
    return s;
}
template <detail::is_grouped S, class K, class A, class Add, class Subtract>
auto operator|(S s, detail::reduce_groups_op<K, A, Add, Subtract> op) {
    using V = typename detail::value_of_rows<typename S::value>::type;
    static_assert(std::is_same_v<A, V>,
                  "weir: reduce(table, add, subtract): the table's values are of the type of the "
                  "rows; aggregate makes values of another type");
    using detail::f_can_be_called_with;
    static_assert(f_can_be_called_with<Add, const V&, const V&> &&
                      f_can_be_called_with<Subtract, const V&, const V&>,
                  "weir: reduce(table, add, subtract): both are called with the group's value and "
                  "a row's, f(const V&, const V&), and return the next one");
    using change = detail::grouped_reduce<V, Add, Subtract>;
    return detail::into_groups(std::move(s), *op.table, "reduce",
                               change{{}, std::move(op.add), std::move(op.subtract)});
}

}  // namespace weir
