// SPDX-License-Identifier: Apache-2.0
// What the joins of two tables have in common.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <weir/graph/pipeline.hpp>
#include <weir/state/join_results.hpp>
#include <weir/state/join_table.hpp>
#include <weir/state/table_of.hpp>
#include <weir/within.hpp>

namespace weir {

template <class K, class V>
class table;
template <class K, class V>
class global_table;

namespace detail {

/// Whether a join passes on what these sides make. If not, there is no result for the key.
template <join_kind Kind>
constexpr bool makes_result(bool left, bool right) {
    if constexpr (Kind == join_kind::inner) return left && right;
    else if constexpr (Kind == join_kind::left) return left;
    else return left || right;
}

/// Two tables as a source: it is told what messages change in them, wherever that happens in the
/// app, when they are finished. Each change that makes a result, or takes one away, holds its
/// message until that has been processed. `ready` has what both tables had then.
///
/// What it is told waits until the segment behind it is through with what is ready. Each of it
/// keeps a message open, so `open_max` is the limit.
template <join_kind Kind, class K, class A, class B, message_part Needs>
class table_join final : public boundary {
    using keeps = kept_of_message<K, Needs>;

public:
    using pair = joined_pair<A, B>;
    table_join(plan& p, table_of<K, A>& left, table_of<K, B>& right)
        : left_{*this}, right_{*this}, whole_(p.agent().on_error.has_dead_letters()) {
        left_.table = &left;
        right_.table = &right;
        left.listeners.push_back(&left_);
        if (!is_with_itself()) right.listeners.push_back(&right_);
        ready_.are_results = true;
    }

    input& ready() override { return ready_; }
    bool empty() const override { return waiting_.empty() && ready_.left() == 0; }
    bool waits_for_work() const override { return !waiting_.empty(); }
    bool is_source() const override { return true; }
    bool ended() const override { return left_.table->has_ended() && right_.table->has_ended(); }
    void poll(time_point) override {
        if (waiting_.empty() || ready_.left() > 0 || ready_.stands_still) return;
        for (auto& w : waiting_) push(std::move(w));
        waiting_.clear();
    }
    time_point due() const override {
        return !waiting_.empty() && ready_.left() == 0 ? time_point::min() : time_point::max();
    }
    void abandon() override {
        std::erase_if(waiting_,
                      [](const auto& r) { return r.held.ownership() == ownership::lost; });
    }
    const char* why_held(const hold_owner& of, offset at) const override {
        const bool waits = std::any_of(waiting_.begin(), waiting_.end(),
                                       [&](auto& r) { return r.held.keeps(of, at); });
        return waits || ready_.holds(of, at) ? "the results of what it has changed are being "
                                               "processed"
                                             : nullptr;
    }

private:
    struct result {
        pair sides;
        K key;
        timestamp time;
        hold held;
        offset at;
        const topic_partition* tp;
    };
    /// One of the tables.
    template <class V>
    struct side final : row_listener<row<K, V>> {
        table_join& to;
        table_of<K, V>* table = nullptr;
        explicit side(table_join& t) : to(t) {}
        void changed(const row<K, V>& r, bool was_live, partition_id p,
                     message_number by) override {
            if (r.live || was_live) to.changed(*this, r, was_live, p, by);
        }
        auto find(const K& key, partition_id p) const {
            const auto& shard = table->shards[static_cast<std::size_t>(p)];
            return shard ? shard->find_finished(key) : typename table_shard::finished_value{};
        }
        using table_shard = typename table_of<K, V>::shard_type;
    };

    bool is_with_itself() const {
        return static_cast<const void*>(left_.table) == static_cast<const void*>(right_.table);
    }
    template <class V>
    void changed(const side<V>& in, const row<K, V>& r, bool was_live, partition_id p,
                 message_number by) {
        const auto* now = r.live ? &r.value : nullptr;
        const auto later_of = [&](const auto& other) {
            return other.value ? std::max(r.time, other.time) : r.time;
        };
        if constexpr (std::is_same_v<A, B>)
            if (is_with_itself())
                return add({now, now, r.time}, was_live, was_live, r.key, p, in, by);
        if constexpr (std::is_same_v<V, A>)
            if (static_cast<const void*>(&in) == &left_) {
                const auto other = right_.find(r.key, p);
                return add({now, other.value, later_of(other)}, was_live, other.value, r.key, p, in,
                           by);
            }
        if constexpr (std::is_same_v<V, B>) {
            const auto other = left_.find(r.key, p);
            add({other.value, now, later_of(other)}, other.value, was_live, r.key, p, in, by);
        }
    }
    /// What both tables have now.
    struct both {
        const A* left;
        const B* right;
        timestamp time;
    };
    template <class V>
    void add(const both& now, bool had_left, bool had_right, const K& key, partition_id p,
             const side<V>& in, message_number by) {
        const bool has = makes_result<Kind>(now.left, now.right);
        const bool had = makes_result<Kind>(had_left, had_right);
        const auto& table = *in.table;
        if (!has && !had && !may_have_had(in, now, had_left, had_right, p)) return;
        auto of = table.bodies->finished(*table.inputs[by.input], p, by.at);
        if (!of) return;
        pair sides;
        if (has && now.left) sides.left = *now.left;
        if (has && now.right) sides.right = *now.right;
        waiting_.push_back({std::move(sides), key, now.time, std::move(of->held), by.at, of->tp});
    }
    /// There is no result, and was none. If messages come again after a crash, in another order,
    /// there may have been one then: the other table may have had the key, and gets it later now. A
    /// side that goes is the last that would withdraw it.
    template <class V>
    bool may_have_had(const side<V>& in, const both& now, bool had_left, bool had_right,
                      partition_id p) const {
        const bool goes = (had_left && !now.left) || (had_right && !now.right);
        return Kind == join_kind::inner && goes &&
               in.table->shards[static_cast<std::size_t>(p)]->may_repeat;
    }
    void push(result r) {
        source_message m;
        m.timestamp = r.time;
        m.offset = r.at;
        m.tp = r.tp;
        if (whole_ || includes(keeps::parts, message_part::key_bytes)) encode_onto<K>(r.key, m.key);
        if constexpr (has_codec<pair>)
            if (whole_) encode_onto<pair>(r.sides, m.value);
        if constexpr (keeps::key_decoded)
            ready_.push(std::move(r.sides), std::move(r.held), std::move(m), std::move(r.key));
        else ready_.push(std::move(r.sides), std::move(r.held), std::move(m));
    }

    side<A> left_;
    side<B> right_;
    const bool whole_;  // dead letters are made of results
    std::vector<result> waiting_{};
    ready_input<pair, typename keeps::key> ready_{};
};

/// Calls a join's function with what both tables have. An empty result: there is none any more.
template <join_kind Kind, class F, class Out>
class table_join_call {
public:
    explicit table_join_call(F f) : f_(std::move(f)) {}
    template <class A, class B>
    void operator()(context&, const joined_pair<A, B>& p, auto&& next) {
        const A* left = p.left ? &*p.left : nullptr;
        const B* right = p.right ? &*p.right : nullptr;
        if (!makes_result<Kind>(left, right)) next(Out{});
        else if constexpr (Kind == join_kind::inner) next(Out(f_(*left, *right)));
        else if constexpr (Kind == join_kind::left) next(Out(f_(*left, right)));
        else next(Out(f_(left, right)));
    }

private:
    F f_;
};

/// A function's result, or none.
template <class R>
using result_or_none = std::conditional_t<nullable<R>, R, std::optional<R>>;

/// What the function of a join gets of each side.
template <join_kind Kind, class A, class B>
struct join_arguments {
    using left = std::conditional_t<Kind == join_kind::outer, const A*, const A&>;
    using right = std::conditional_t<Kind == join_kind::inner, const B&, const B*>;
};
/// The sentences about two tables that are joined.
template <join_kind Kind, class K, class A, class B, class F>
consteval bool tables_fit_join() {
    using args = join_arguments<Kind, A, B>;
    using left = typename args::left;
    using right = typename args::right;
    using made = returned_by<F, left, right>;
    static_assert(Kind != join_kind::inner || f_can_be_called_with<F, left, right>,
                  "weir: join(t1, t2, f): f cannot be called with a value of each table, f(const "
                  "A&, const B&)");
    static_assert(Kind != join_kind::left || f_can_be_called_with<F, left, right>,
                  "weir: left_join(t1, t2, f): f cannot be called with a value of the first table "
                  "and a pointer to one of the second, f(const A&, const B*); without a match it "
                  "is null");
    static_assert(Kind != join_kind::outer || f_can_be_called_with<F, left, right>,
                  "weir: outer_join(t1, t2, f): f cannot be called with pointers to values of both "
                  "tables, f(const A*, const B*); one of them may be null");
    static_assert(!calls<F, left, right> || !is_task<made>,
                  "weir: the function of a join returns a value: what waits goes into map(f), "
                  "behind the join");
    static_assert(f_returns<made, where_wanted_is<any_value>>,
                  "weir: the function of a join returns nothing to pass on");
    static_assert(!borrows<std::decay_t<made>>,
                  "weir: the function of a join returns a view, and what it looks at is gone when "
                  "somebody reads it: return a value of its own, a std::string");
    return table_can_be_joined<K, A>() && table_can_be_joined<K, B>();
}

}  // namespace detail

/// Two tables that are joined: what `join(t1, t2, f)` returns, `left_join` and `outer_join`. A
/// stream of the changes of its results, for an agent. See outer_join.hpp.
template <detail::join_kind Kind, class K, class A, class B, class F>
class joined_tables {
    using args = detail::join_arguments<Kind, A, B>;
    using made = typename detail::made_by_join<F, typename args::left, typename args::right>::type;

public:
    using weir_stream = void;
    using key = K;
    using value = detail::result_or_none<std::conditional_t<std::is_void_v<made>, int, made>>;
    joined_tables(detail::table_of<K, A>& left, detail::table_of<K, B>& right, F f)
        : left_(&left), right_(&right), f_(std::move(f)) {}

    detail::drawn_stream draw(detail::graph_builder& g) const {
        return g.join_tables(*left_, *right_, describe(), detail::key_name<key>(),
                             detail::value_name<value>());
    }
    template <class Chain>
    void build(detail::plan& p, Chain chain) const {
        using from = detail::table_join<Kind, K, A, B, Chain::needs>;
        using call = detail::table_join_call<Kind, F, value>;
        p.name(describe());
        p.chain();
        auto& both = p.add(std::unique_ptr<detail::boundary>{new from{p, *left_, *right_}});
        p.connect(both, detail::new_segment<typename from::pair>(
                            p, detail::step<call, Chain>{call{f_}, std::move(chain)}));
    }

private:
    std::string describe() const {
        static constexpr const char* kinds[] = {"join ", "left_join ", "outer_join "};
        return kinds[static_cast<int>(Kind)] + left_->name + " and " + right_->name;
    }
    detail::table_of<K, A>* left_;
    detail::table_of<K, B>* right_;
    F f_;
};

namespace detail {

/// What `join`, `left_join` and `outer_join` have for tables.
template <join_kind Kind>
struct join_tables_fn {
    template <class K, class A, class L, class B, class F>
    auto operator()(const weir::table<K, A>& left, const weir::table<L, B>& right, F f) const {
        static_assert(std::is_same_v<K, L>,
                      "weir: join(t1, t2, f): the two tables have keys of different types, so none "
                      "would match");
        if constexpr (std::is_same_v<K, L>) static_assert(tables_fit_join<Kind, K, A, B, F>());
        if constexpr (std::is_same_v<K, L>)
            return joined_tables<Kind, K, A, B, F>{left.info(), right.info(), std::move(f)};
        else return left.changes();
    }
    template <class K, class A, is_stream S, class F>
    auto operator()(const weir::table<K, A>& left, const S&, F) const {
        static_assert(!is_stream<S>,
                      "weir: join(t1, t2, f) joins two tables: app.table(topic) makes one of a "
                      "topic, to_table(table) of a stream; orders | join(table, f) joins a stream");
        return left.changes();
    }
    template <class K, class A, class L, class B, class F>
    auto operator()(const weir::table<K, A>& left, const weir::global_table<L, B>&, F) const {
        static_assert(std::is_void_v<K>,
                      "weir: join(t1, t2, f): a global table tells nobody what changes in it: make "
                      "a table of its topic, app.table(topic), or join a stream with it");
        return left.changes();
    }
};

}  // namespace detail
}  // namespace weir
