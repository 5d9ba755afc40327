// SPDX-License-Identifier: Apache-2.0
// What the operators have in common that join a stream with a table.
#pragma once
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/key.hpp>
#include <weir/segment/state.hpp>
#include <weir/state/change_table.hpp>
#include <weir/state/table_of.hpp>

namespace weir::detail {

/// The sentences about the key of a stream that is joined with a table with keys of type K. A key
/// that may be null is one: a null matches nothing.
template <class K, class StreamKey>
consteval bool key_fits_join() {
    constexpr bool has_one = has_key_of_its_own<K, StreamKey>();
    using shown = typename without_null<shown_key_t<StreamKey>>::type;
    static_assert(!has_one || std::is_same_v<shown, K>,
                  "weir: the stream's key is not of the table's key type, so they never match: put "
                  "group_by before the join, or declare the table with the stream's key type");
    return true;
}

/// The sentences about what is joined, whatever gives the key.
template <class K, class V>
consteval bool table_can_be_joined() {
    static_assert(!is_windowed<K> && !is_sessions<V>,
                  "weir: a table of windows cannot be joined: its rows go when their windows "
                  "close; join with a table that has one value for each key");
    return true;
}
/// A stream stands in the place of the table.
template <class S>
consteval bool is_no_table() {
    static_assert(!is_stream<S>,
                  "weir: a stream is joined with a table by join(table, f): app.table(topic) makes "
                  "one of a topic, to_table(table) of a stream");
    return true;
}

/// `Other` is what f gets of the table: `const T&`, or `const T*` if it may be null.
template <class F, class In, class Other>
consteval bool f_fits_join() {
    using made = returned_by<F, const In&, Other>;
    if constexpr (std::is_pointer_v<Other>)
        static_assert(f_can_be_called_with<F, const In&, Other>,
                      "weir: left_join(table, f): f cannot be called with the stream's value and a "
                      "pointer to the table's, f(const V&, const T*); without a match it is null");
    else
        static_assert(f_can_be_called_with<F, const In&, Other>,
                      "weir: join(table, f): f cannot be called with the stream's value and the "
                      "table's, f(const V&, const T&)");
    static_assert(!calls<F, const In&, Other> || !is_task<made>,
                  "weir: a join's f returns a value: what waits goes into map(f), behind the join");
    static_assert(f_returns<made, where_wanted_is<any_value>>,
                  "weir: a join's f returns nothing that could go on: it returns what the join "
                  "passes on");
    static_assert(!borrows<std::decay_t<made>>,
                  "weir: a join's f returns a view, and what it looks at in the table may change "
                  "before somebody reads it: return a value of its own, a std::string");
    return true;
}
template <class F, class In, class Other>
struct made_by_join {
    using type = void;  // another sentence says that f does not fit
};
template <class F, class In, class Other>
    requires calls<F, const In&, Other>
struct made_by_join<F, In, Other> {
    using type = std::decay_t<returned_by<F, const In&, Other>>;
};
template <class V, bool IsLeft>
using joined_part = std::conditional_t<IsLeft, const V*, const V&>;

/// Passes on what `f` makes of a value and the row that it matches.
template <bool IsLeft>
[[gnu::always_inline]] inline void pass_joined(auto& f, const auto& v, const auto* row,
                                               auto&& next) {
    if constexpr (IsLeft) next(call(f, v, row ? &row->value : nullptr));
    else if (row) next(call(f, v, row->value));
}

template <class T>
struct key_of_table {
    template <class R>
    using plain = typename without_null<std::decay_t<R>>::type;
    /// A std::string_view may become a std::string, but no number a smaller one.
    template <class R>
    static constexpr bool fits = next_state<plain<R>, T> || (!std::is_arithmetic_v<plain<R>> &&
                                                             std::is_assignable_v<T&, plain<R>>);
};
/// The sentences about the function that takes a key of type K from a value.
template <class KeyOf, class K, class In>
consteval bool key_of_value_fits() {
    static_assert(f_can_be_called_with<KeyOf, const In&>,
                  "weir: join(global table, key, f): key cannot be called with the stream's value: "
                  "a field or a function of it, key(const V&)");
    static_assert(f_returns<returned_by<KeyOf, const In&>, key_of_table<K>>,
                  "weir: join(global table, key, f): key gives no key of the table: it returns the "
                  "table's key type, or a std::optional of it, which is empty where there is none");
    return true;
}

/// A table's shard of one partition, as an operator looks at it. Found with the first message.
template <class Table>
class shard_view {
public:
    /// Null: it is not here any more.
    const typename Table::shard_type* of(const Table& table, partition_id p) {
        const auto at = static_cast<std::size_t>(p);
        if (!shard_ && at < table.shards.size()) [[unlikely]]
            shard_ = table.shards[at];
        return shard_.get();
    }

private:
    std::shared_ptr<const typename Table::shard_type> shard_{};
};

/// One operator that joins its stream with a table, as it runs. The key is looked up in the shard
/// of the message's partition, as the table is when the message comes.
///
/// Nothing is passed on of a message that was read under an earlier assignment: it comes again.
template <class StreamKey, class K, class V, class F, bool IsLeft>
class table_joiner {
public:
    static constexpr message_part needs = needs_key<StreamKey>;
    table_joiner(const table_of<K, V>& t, F f) : table_(&t), f_(std::move(f)) {}

    void operator()(context& c, auto&& v, auto&& next) {
        if (!c.common && c.ownership() == ownership::lost) return;
        const auto* shard = shards_.of(c).of(*table_, c.partition()->partition);
        if (!shard) return;
        if constexpr (std::is_same_v<StreamKey, K>)
            soon<K>(
                c, [&](const K& later, const K& next_one)
                       __attribute__((always_inline)) { shard->prefetch(later, next_one); });
        const auto& key = *key_at<StreamKey>(c, scratch_);
        pass_joined<IsLeft>(f_, std::as_const(v), find(*shard, key), next);
    }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    using table_type = table_of<K, V>;
    static const row<K, V>* find(const typename table_type::shard_type& in, const StreamKey& key) {
        if constexpr (std::is_same_v<StreamKey, K> && !is_raw<K>) return in.find(key);
        else if constexpr (is_raw<K>) return key.is_null() ? nullptr : in.find(key);
        else return key ? in.find(*key) : nullptr;
    }

    const table_type* table_;
    F f_;
    per_partition<shard_view<table_type>> shards_{shard_view<table_type>{}};
    StreamKey scratch_{};
};

/// `join(table, f)`, and `left_join(table, f)` if IsLeft.
template <class K, class V, class F, bool IsLeft>
struct join_table_op {
    using weir_operator = void;
    using other = joined_part<V, IsLeft>;
    template <class In>
    using out = typename made_by_join<F, In, other>::type;
    table_of<K, V>* table;
    F f;

    template <class StreamKey, class In>
    static consteval bool check() {
        return table_can_be_joined<K, V>() && key_fits_join<K, StreamKey>() &&
               f_fits_join<F, In, other>();
    }
    std::string describe() const { return (IsLeft ? "left_join " : "join ") + table->name; }
    template <class StreamKey, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.joins(*table, here);
        return here;
    }
    template <class StreamKey, class>
    table_joiner<shown_key_t<StreamKey>, K, V, F, IsLeft> make_step(plan&) const {
        return {*table, f};
    }
};

/// `join(global table, key, f)`, and `left_join(…)` if IsLeft: the key is taken from the value, and
/// may be null.
template <class K, class V, class KeyOf, class F, bool IsLeft>
struct join_global_op {
    using weir_operator = void;
    using other = joined_part<V, IsLeft>;
    template <class In>
    using out = typename made_by_join<F, In, other>::type;
    table_of<K, V>* table;
    KeyOf key_of;
    F f;
    K scratch{};  // for a key of another type

    template <class, class In>
    static consteval bool check() {
        return key_of_value_fits<KeyOf, K, In>() && f_fits_join<F, In, other>();
    }
    std::string describe() const { return (IsLeft ? "left_join " : "join ") + table->name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        g.joins(*table, here);
        return here;
    }
    void operator()(context&, auto&& v, auto&& next) {
        const auto& value = std::as_const(v);
        const auto& key = call(key_of, value);
        pass_joined<IsLeft>(f, value, find(key), next);
    }

private:
    template <class Key>
    const row<K, V>* find(const Key& key) {
        if constexpr (nullable<Key> && !is_raw<Key>) {
            return key ? find(*key) : nullptr;
        } else {
            if constexpr (is_raw<Key>)
                if (key.is_null()) return nullptr;
            const auto& all = *table->shards.front();  // no message comes before it is restored
            if constexpr (std::is_same_v<Key, K>) return all.find(key);
            else return all.find(scratch = key);
        }
    }
};

}  // namespace weir::detail
