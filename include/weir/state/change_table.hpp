// SPDX-License-Identifier: Apache-2.0
// What the operators that change a table have in common.
#pragma once
#include <cstddef>
#include <memory>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/key.hpp>
#include <weir/segment/state.hpp>
#include <weir/state/passed_over.hpp>
#include <weir/state/table_of.hpp>

namespace weir::detail {

template <class T>
inline constexpr bool is_common_key = false;
template <class K>
inline constexpr bool is_common_key<common_key<K>> = true;

/// The sentences about a stream that has no key for a table with keys of type K.
template <class K, class StreamKey>
consteval bool has_key_of_its_own() {
    static_assert(!is_common_key<StreamKey>,
                  "weir: behind take a batch has no key of its own: put the table before take, or "
                  "flat_map(std::identity{}) behind it");
    static_assert(is_common_key<StreamKey> || has_key_type<StreamKey> || is_raw<K>,
                  "weir: this stream has no key for the table: declare the topic with a key type, "
                  "app.topic<K, V>(…), or put group_by before");
    return !is_common_key<StreamKey> && (has_key_type<StreamKey> || is_raw<K>);
}

/// The sentences about the key of a stream that changes a table with keys of type K.
template <class K, class StreamKey>
consteval bool key_fits_table() {
    constexpr bool has_one = has_key_of_its_own<K, StreamKey>();
    static_assert(
        !has_one || !has_key_type<StreamKey> || !nullable<shown_key_t<StreamKey>> || is_raw<K>,
        "weir: this stream's key may be null, and a table's key may not: declare the "
        "topic with the key type itself, or put group_by before");
    static_assert(
        !has_one || nullable<shown_key_t<StreamKey>> || std::is_same_v<shown_key_t<StreamKey>, K>,
        "weir: the stream's key is not of the table's key type: declare the table with "
        "the stream's, app.table<K, V>(…), or put group_by before");
    return true;
}
/// A table's values, outside windows.
template <class V>
consteval bool value_fits_table() {
    static_assert(!is_sessions<V>,
                  "weir: a table of sessions is filled behind window(session(gap), grace(d))");
    static_assert(!is_timed<V>,
                  "weir: a table with timers is changed by bodies, in tap(f) or process(f) before "
                  "timers(table, f)");
    return true;
}

/// A table's shard of one partition, as an operator changes it. Found with the first message.
template <class Table>
class shard_ref {
    using shard_type = typename Table::shard_type;

public:
    /// The shard of the message's partition. Null: it is not here any more.
    shard_type* of(const Table& table, const topic_partition& tp) {
        if (!shard_) [[unlikely]] {
            shard_ = table.shards[static_cast<std::size_t>(tp.partition)];
            if (!shard_) return nullptr;
            while (table.inputs[input_]->name != tp.topic) ++input_;
            clock_ = table.inputs.size();
        }
        return shard_.get();
    }
    const std::shared_ptr<shard_type>& shared() const { return shard_; }
    /// Which message changes the shard: the number of its topic among the table's inputs, and its
    /// offset.
    message_number by(const context& c) const { return number_of(input_, c.offset(), clock_); }
    void finish() {
        if (shard_) shard_->finish();
    }
    void undo() {
        if (shard_) shard_->undo();
    }

private:
    std::shared_ptr<shard_type> shard_{};
    std::size_t input_ = 0, clock_ = 0;
};

/// Calls `f(later, next)` with the keys of messages that come soon, if they are known.
template <class K, class F>
[[gnu::always_inline]] inline void soon(const context& c, F f) {
    if constexpr (!is_raw<K>) {
        constexpr std::size_t ahead = 12;
        if (c.i + 2 * ahead >= c.count || !c.keys) return;
        const auto* keys = static_cast<const slot<K>*>(c.keys) + c.i;
        f(keys[2 * ahead].value, keys[ahead].value);
    }
}

enum class changed : bool { erased, set };

/// One operator that changes a table, as it runs. `change(row's value, has it one, value)` changes
/// the row; `pass(row, value, next)` passes on what comes of it.
///
/// A message that was read under an earlier assignment changes nothing: it comes again. Neither
/// does one whose change the table has already; nothing of it is passed on, since that has been
/// delivered.
template <class K, class V, class Change>
class table_changer {
public:
    static constexpr message_part needs = needs_key<K> | message_part::time;
    table_changer(const table_of<K, V>& t, Change c) : table_(&t), change_(std::move(c)) {}

    void operator()(context& c, auto&& v, auto&& next) {
        if constexpr (requires { Change::passes_over(v); })
            if (Change::passes_over(v)) return passed_over_.add(c, null_value);
        if (!c.common && c.ownership() == ownership::lost) return;
        auto& ref = shards_.of(c);
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard) return;
        prefetch(c, *shard);
        const auto time = c.time();
        const auto& key = *key_at<K>(c, scratch_);
        if constexpr (is_raw<K>) table_->check_key(key);
        const auto by = ref.by(c);
        shard->pass_time(time, by.input, by.at);
        auto* r = shard->change(key, by.input, by.at);
        if (!r) return;
        const bool had = r->live;
        if (!had) r->value = table_->init;
        const auto now = change_.change(r->value, had, std::as_const(v));
        shard->set_live(*r, now == changed::set);
        r->time = had && !replaces ? std::max(r->time, time) : time;
        shard->free_some(by.input, by.at);
        auto at = c;
        at.result_time = &r->time;
        Change::pass(at, *r, std::forward<decltype(v)>(v), next);
    }
    void finish() {
        shards_.finish();
        passed_over_.finish(*table_);
    }
    void undo() {
        shards_.undo();
        passed_over_.undo();
    }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    /// The keys of a batch lie side by side, so those that come soon are known.
    [[gnu::always_inline]] static void prefetch(const context& c, const auto& shard) {
        soon<K>(
            c, [&](const K& later, const K& next)
                   __attribute__((always_inline)) { shard.prefetch(later, next); });
    }
    /// What was there before does not go into the value.
    static constexpr bool replaces = requires { Change::replaces; };

    const table_of<K, V>* table_;
    Change change_;
    per_partition<shard_ref<table_of<K, V>>> shards_{shard_ref<table_of<K, V>>{}};
    K scratch_{};
    passed_over passed_over_{};
};

/// Passes on the table's value.
struct passes_value {
    static void pass(context& at, const auto& row, auto&&, auto&& next) {
        using V = std::decay_t<decltype(row.value)>;
        next(at, V(row.value));  // a copy: another value of the message may change the row
    }
};
/// A value that is not null, without the optional around it.
template <class V, class In>
const V& not_null(const In& v) {
    if constexpr (std::is_same_v<In, V>) return v;
    else return *v;
}
/// A null is passed over.
struct no_nulls {
    template <class In>
    static bool passes_over(const In& v)
        requires nullable<In>
    {
        if constexpr (is_raw<In>) return v.is_null();
        else return !v.has_value();
    }
};

}  // namespace weir::detail
