// SPDX-License-Identifier: Apache-2.0
// A join of two streams, as it runs.
#pragma once
#include <algorithm>
#include <cstddef>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include <weir/state/change_table.hpp>
#include <weir/state/join_results.hpp>
#include <weir/state/late.hpp>
#include <weir/state/stream_time.hpp>
#include <weir/within.hpp>

namespace weir::detail {

/// A value of the left stream or of the right one. Valid while it is pushed.
template <class A, class B>
struct from_side {
    const A* left = nullptr;
    const B* right = nullptr;
};

/// Holds each message until no match can come any more, and joins it with those that are held.
/// `Key`: of the streams; it may be an optional one. `F`: an inner join's function, whose results
/// belong to the message in work. `Results`: where another join passes on its results; else void.
template <class Table, join_kind Kind, class Key, class F, class Results>
class stream_joiner {
    using shard_type = typename Table::shard_type;
    using row_type = typename shard_type::row_type;
    using K = typename shard_type::key_type;
    using sides = typename shard_type::sides;
    using ref_type = shard_ref<Table>;
    template <bool Left>
    using held_type =
        std::conditional_t<Left, typename shard_type::left_type, typename shard_type::right_type>;
    static constexpr bool has_results = !std::is_void_v<Results>;
    /// Whether the side is passed on without a match.
    template <bool Left>
    static constexpr bool is_outer = passes_on_alone(Kind, Left);

public:
    static constexpr message_part needs =
        needs_key<Key> | all_but_value | message_part::value | needs_stream_time;
    stream_joiner(const Table& t, join_bounds b, F f, produce_target* late, Results* results)
        : table_(&t), bounds_(b), f_(std::move(f)), time_(t), late_(t, late), results_(results) {}

    template <class A, class B>
    void operator()(context& c, const from_side<A, B>& v, auto&& next) {
        if constexpr (!has_results)
            while (more()) resume(c, next);  // an operator before it has not waited
        if (v.left) join<true>(c, *v.left, next);
        else join<false>(c, *v.right, next);
    }
    // an inner join's message may have many matches
    bool more() const
        requires(!has_results)
    {
        return rest_.row != nullptr;
    }
    void resume(context& c, auto&& next)
        requires(!has_results)
    {
        if (rest_.left) pass_piece<true>(c.now, next);
        else pass_piece<false>(c.now, next);
    }
    void apply(context& c) {
        late_.apply(c);
        if (c.now.more) return;
        time_.apply(c, lets_go());
        if constexpr (has_results) results_->begin(c);
    }
    void finish() {
        time_.finish();
        passed_over_.finish(*table_);
    }
    void undo() {
        time_.undo();
        late_.undo();
        passed_over_.undo();
        rest_ = {};
    }
    bool full() { return late_.full(); }
    void assigned(const topic_partition& tp) { time_.assigned(tp); }
    void revoked(const topic_partition& tp) { time_.revoked(tp); }

private:
    /// What has no match any more goes.
    auto lets_go() {
        return [&](shard_type& s, const ref_type& ref, const context& c, bool) {
            const auto by = ref.by(c);
            if (!s.any_goes(s.time(), by.input, by.at)) return;
            if constexpr (has_results) results_->move(ref.shared(), ref.by(c), c, s.time());
            else forget_some(s, ref.by(c));
        };
    }

    static void forget_some(shard_type& s, message_number by) {
        s.forget_some(s.time(), by.input, by.at);
    }

    template <bool Left>
    void join(context& c, const auto& v, auto& next) {
        time_.come(c, lets_go(), [&](shard_type& shard, const ref_type& ref) {
            if (is_null(v)) passed_over_.add(c, null_value);
            else join_value<Left>(c, shard, ref, not_null<held_type<Left>>(v), c.time(), next);
        });
    }
    template <bool Left>
    void join_value(context& c, shard_type& shard, const ref_type& ref, const auto& value,
                    timestamp time, auto& next) {
        const K* key = key_of(c, shard);
        if (!key && is_outer<Left>) return pass_alone<Left>(c, Key{}, value, time);
        if (!key) return passed_over_.add(c, "it has no key");
        const auto by = ref.by(c);
        if (shard.has_change(*key, by.input, by.at)) return;
        const auto s = shard.time();
        if (time < bounds_.first_held(Left, s))
            return join_late<Left>(c, shard, ref, *key, value, next);
        auto* r = shard.change(*key, by.input, by.at);
        r->time = r->live ? std::max(r->time, time) : time;
        const auto its = matches<Left>(r->value, time, s);
        const auto& own =
            shard.template hold<Left>(*r, time, is_outer<Left> && its.from < its.upto, value);
        pass_matches<Left>(c, shard, ref, *r, its, own, next);
    }
    /// It is joined, and not held.
    template <bool Left, class V>
    void join_late(context& c, shard_type& shard, const ref_type& ref, const K& key, const V& value,
                   auto& next) {
        const auto time = c.time();
        const auto* found = shard.find(key);
        const auto its = found ? matches<Left>(found->value, time, shard.time()) : range{};
        if (its.from < its.upto) {
            const auto by = ref.by(c);
            auto* r = shard.change(key, by.input, by.at);
            constexpr std::size_t side = Left ? 1 : 2;
            auto& own = late_value_.template emplace<side>(value);
            return pass_matches<Left>(c, shard, ref, *r, its, own, next);
        }
        if constexpr (is_outer<Left>) return pass_alone<Left>(c, Key(key), value, time);
        const auto end = time + bounds_.reach(Left);
        late_.add(c, time - bounds_.reach(!Left), end, shard.time() - bounds_.grace - end);
    }
    struct range {
        std::size_t from = 0, upto = 0;
    };
    /// Those of the other side that match and have not gone.
    template <bool Left>
    range matches(const sides& of, timestamp time, timestamp s) const {
        const auto& others = of.template side<!Left>();
        const auto first = std::max(time - bounds_.reach(!Left), bounds_.first_held(!Left, s));
        return {others.first_from(first), others.behind(time + bounds_.reach(Left))};
    }
    template <bool Left>
    void pass_matches(context& c, shard_type& shard, const ref_type& ref, row_type& r, range its,
                      const auto& own, auto& next) {
        if (its.from >= its.upto) return;
        const auto time = c.time();
        if constexpr (has_results) {
            for (auto i = its.from; i < its.upto; ++i) {
                const auto& other = std::as_const(r.value).template side<!Left>()[i];
                results_->pass(c, Key(r.key), pair_of<Left>(own, other.value),
                               std::max(time, other.time));
                if (!is_outer<!Left> || other.matched) continue;
                const auto by = ref.by(c);
                shard.change(r, by.input, by.at);
                shard.template match<!Left>(r, i);
            }
        } else {
            rest_ = {&r, its, &own, time, Left, &c.from, c.i, c.keys, c.common};
            pass_piece<Left>(c.now, next);
        }
    }
    /// What is behind the first piece comes later.
    template <bool Left>
    void pass_piece(segment_turn& now, auto& next) {
        auto& rest = rest_;
        const auto& own = *static_cast<const held_type<Left>*>(rest.own);
        context c{*rest.origin, rest.i, now, rest.keys, rest.common};
        const auto& others = std::as_const(rest.row->value).template side<!Left>();
        while (rest.its.from < rest.its.upto) {
            const auto& other = others[rest.its.from++];
            c.result_time = rest.time < other.time ? &other.time : &rest.time;
            if constexpr (Left) next(c, f_(own, other.value));
            else next(c, f_(other.value, own));
            if (next.more() || now.piece_ends()) break;
        }
        if (rest.its.from >= rest.its.upto) rest.row = nullptr;
    }
    template <bool Left>
    void pass_alone(const context& c, Key key, const auto& value, timestamp time) {
        if constexpr (is_outer<Left>) {
            typename Results::value_type alone;
            if constexpr (Left) alone.left = value;
            else alone.right = value;
            results_->pass(c, std::move(key), std::move(alone), time);
        }
    }
    template <bool Left>
    static auto pair_of(const auto& mine, const auto& other) {
        if constexpr (Left) return typename Results::value_type{mine, other};
        else return typename Results::value_type{other, mine};
    }

    template <class V>
    static bool is_null(const V& v) {
        if constexpr (is_raw<V>) return v.is_null();
        else if constexpr (nullable<V>) return !v.has_value();
        else return false;
    }
    /// Null: the message has no key.
    const K* key_of(const context& c, const shard_type& shard) {
        if constexpr (std::is_same_v<K, Key>) {
            soon<K>(
                c, [&](const K& later, const K& near)
                       __attribute__((always_inline)) { shard.prefetch(later, near); });
            return key_at<K>(c, scratch_);
        } else {
            const auto* key = key_at<Key>(c, scratch_);
            return *key ? &**key : nullptr;
        }
    }

    const Table* table_;
    join_bounds bounds_;
    F f_;
    stream_time<Table> time_;
    late_values late_;
    passed_over passed_over_{};
    Results* results_;
    Key scratch_{};
    // What is left of the current message's matches; no row: nothing.
    struct {
        row_type* row = nullptr;
        range its{};
        const void* own = nullptr;  // its value
        timestamp time{};
        bool left = false;
        origins* origin = nullptr;
        std::size_t i = 0;
        const void* keys = nullptr;
        const topic_partition* common = nullptr;
    } rest_{};
    std::variant<std::monostate, held_type<true>, held_type<false>> late_value_{};
};

}  // namespace weir::detail
