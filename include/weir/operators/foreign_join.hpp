// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include <weir/operators/filter.hpp>
#include <weir/operators/flat_map.hpp>
#include <weir/operators/group_by.hpp>
#include <weir/operators/map.hpp>
#include <weir/operators/merge.hpp>
#include <weir/state/change_table.hpp>
#include <weir/state/foreign_keys.hpp>
#include <weir/state/join_table.hpp>
#include <weir/state/join_tables.hpp>
#include <weir/table.hpp>
#include <weir/within.hpp>

namespace weir::detail {

template <class K>
struct key_of_right {
    template <class R>
    using plain = typename without_null<std::decay_t<R>>::type;
    template <class R>
    static constexpr bool fits = next_state<plain<R>, K> || (!std::is_arithmetic_v<plain<R>> &&
                                                             std::is_assignable_v<K&, plain<R>>);
};

/// What is to be asked because a left row has changed.
template <class Left, class Right>
struct link_change {
    using request = foreign_request<Left, Right>;
    changed change(foreign_link<Right>& link, bool, const foreign_key<Right>& now) {
        link.before = std::move(link.now);
        link.now = now.key;
        link.version = now.version;
        return now.exists ? changed::set : changed::erased;
    }
    static void pass(context& at, const auto& row, const foreign_key<Right>& now, auto&& next) {
        using kind = typename request::kind;
        const auto& link = row.value;
        const bool moves = link.before && link.before != now.key;
        std::vector<request> all;
        if (moves) all.push_back({kind::unsubscribe, !now.key, now.version, row.key, *link.before});
        if (now.key) all.push_back({kind::subscribe, true, now.version, row.key, *now.key});
        else if (!moves) all.push_back({kind::none, true, now.version, row.key, {}});
        next(at, std::move(all));
    }
};
/// `links`: the operator behind changes() of the left table.
template <class Left, class Right>
struct link_op {
    using weir_operator = void;
    using change = link_change<Left, Right>;
    using table_type = table_of<Left, foreign_link<Right>>;
    template <class>
    using out = std::vector<typename change::request>;

    template <class, class>
    static consteval bool check() {
        return true;
    }
    std::string describe() const { return "foreign keys"; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        constexpr std::size_t journal_max = 1'000'000;
        std::unique_ptr<table_info> made =
            make_table<Left, foreign_link<Right>>({}, {}, journal_max);
        made->value_type = "key of " + std::string{type_name<Right>()};
        g.changes(static_cast<table_type&>(g.own_table(std::move(made), "foreign-keys")), here);
        return here;
    }
    template <class, class>
    table_changer<Left, foreign_link<Right>, change> make_step(plan& p) const {
        return {static_cast<table_type&>(p.next_table()), {}};
    }
};

/// Keeps who has asked for a right row, and answers when they ask and when it changes.
template <class Left, class Right, class B>
class subscriber_step {
    using request = foreign_request<Left, Right>;
    using response = foreign_response<Left, B>;
    using event = std::variant<request, std::optional<B>>;
    using table_type = table_of<Right, subscribers<B>>;
    using row_type = typename table_type::shard_type::row_type;

public:
    static constexpr message_part needs = needs_key<Right> | message_part::time;
    explicit subscriber_step(const table_type& t) : table_(&t) {}

    void operator()(context& c, const event& e, auto&& next) {
        if (c.ownership() == ownership::lost) return;
        std::vector<response> answers;
        if (const auto* r = std::get_if<request>(&e); r && r->what == request::kind::none) {
            answers.push_back({r->version, r->from, {}, {}});
            return next(std::move(answers));
        }
        auto& ref = shards_.of(c);
        auto* shard = ref.of(*table_, *c.partition());
        if (!shard) return;
        const auto by = ref.by(c);
        auto* row = shard->change(*key_at<Right>(c, scratch_), by.input, by.at);
        if (!row) return;  // it was answered
        if (const auto* r = std::get_if<request>(&e)) ask(*shard, *row, *r, answers);
        else set(*shard, *row, std::get<1>(e), c.time(), answers);
        shard->set_live(*row, !row->value.empty());
        row->time = std::max(row->time, c.time());
        if (!answers.empty()) next(std::move(answers));
    }
    void finish() { shards_.finish(); }
    void undo() { shards_.undo(); }
    void assigned(const topic_partition& tp) { shards_.assigned(tp); }
    void revoked(const topic_partition& tp) { shards_.revoked(tp); }

private:
    void ask(auto& shard, row_type& row, const request& r, std::vector<response>& answers) {
        const bool stays = r.what == request::kind::subscribe;
        left_.reset();
        encode_onto<Left>(r.from, left_);
        shard.alter(row,
                    [&](subscribers<B>& s) { return s.set(left_.view(), stays ? r.version : 0); });
        if (r.answer)
            answers.push_back(
                {r.version, r.from, stays ? row.value.value : nullptr, row.value.time});
    }
    static void set(auto& shard, row_type& row, const std::optional<B>& v, timestamp t,
                    std::vector<response>& answers) {
        shard.alter(row, [&](subscribers<B>& s) {
            return s.set_value(v ? std::make_shared<const B>(*v) : nullptr, t);
        });
        for (auto& [key, version] : row.value.who) {
            auto& a = answers.emplace_back();
            a.version = version;
            decode_into<Left>(bytes_view{key}, a.to);
            a.value = row.value.value;
            a.time = row.value.time;
        }
    }

    const table_type* table_;
    per_partition<shard_ref<table_type>> shards_{shard_ref<table_type>{}};
    Right scratch_{};
    bytes left_{};
};
template <class Left, class Right, class B>
struct subscribers_op {
    using weir_operator = void;
    using table_type = table_of<Right, subscribers<B>>;
    template <class>
    using out = std::vector<foreign_response<Left, B>>;
    table_of<Right, B>* right;

    template <class, class>
    static consteval bool check() {
        return true;
    }
    std::string describe() const { return "subscribers of " + right->name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        constexpr std::size_t journal_max = 1'000'000;
        std::unique_ptr<table_info> made = make_table<Right, subscribers<B>>({}, {}, journal_max);
        made->value_type = std::string{type_name<B>()} + " and its subscribers";
        for (auto* t : here.from)
            if (t != right->changelog) t->as_wide_as_only = right->changelog;
        g.changes(static_cast<table_type&>(g.own_table(std::move(made), "subscribers")), here);
        return here;
    }
    template <class, class>
    subscriber_step<Left, Right, B> make_step(plan& p) const {
        return subscriber_step<Left, Right, B>{static_cast<table_type&>(p.next_table())};
    }
};

/// Compares an answer with the left row, as it is now, and passes on what f makes of both. An empty
/// result: there is none any more. It knows which left rows have a result: an answer that takes one
/// away may come too late for the row that has asked, so each later one says so again.
template <class Left, class A, class B, class F, bool IsLeft>
class foreign_result_step {
    using other = joined_part<B, IsLeft>;
    using made = typename made_by_join<F, const A&, other>::type;

public:
    using out = result_or_none<made>;
    static constexpr message_part needs = needs_key<Left> | message_part::time;
    using results = table_of<Left, bool>;
    foreign_result_step(const table_of<Left, A>& t, const results& r, F f)
        : table_(&t), results_(&r), f_(std::move(f)) {}

    void operator()(context& c, const foreign_response<Left, B>& r, auto&& next) {
        if (c.ownership() == ownership::lost) return;
        const auto* shard = shards_.of(c).of(*table_, c.partition()->partition);
        if (!shard) return;
        const auto& key = *key_at<Left>(c, scratch_);
        const auto* row = shard->find(key);
        auto& ref = of_results_.of(c);
        auto* mine = ref.of(*results_, *c.partition());
        if (!mine) return;
        const bool is_late = r.version != (row ? version_of(row->value, bytes_) : 0);
        if (is_late) passed_over_.add(c, "its row has changed since it asked");
        // An earlier owner may have had this answer before the row changed, and passed a result on.
        if (is_late && !mine->may_repeat) return;
        const auto by = ref.by(c);
        auto* result = mine->change(key, by.input, by.at);
        if (!result) return;  // it was passed on
        const bool had = result->live, has = is_late || (row && (IsLeft || r.value));
        mine->set_live(*result, has);
        result->value = true;
        result->time = c.time();
        if (is_late) return;
        if (row) result->time = std::max(result->time, row->time);
        if (r.value) result->time = std::max(result->time, r.time);
        auto at = c;
        at.result_time = &result->time;
        if (!has) {
            if (had || mine->may_repeat) next(at, out{});
        } else if constexpr (IsLeft) {
            next(at, out(call(f_, row->value, r.value.get())));
        } else {
            next(at, out(call(f_, row->value, *r.value)));
        }
    }
    void finish() {
        of_results_.finish();
        passed_over_.finish(*table_);
    }
    void undo() {
        of_results_.undo();
        passed_over_.undo();
    }
    void assigned(const topic_partition& tp) {
        shards_.assigned(tp);
        of_results_.assigned(tp);
    }
    void revoked(const topic_partition& tp) {
        shards_.revoked(tp);
        of_results_.revoked(tp);
    }

private:
    const table_of<Left, A>* table_;
    const results* results_;
    F f_;
    per_partition<shard_ref<results>> of_results_{shard_ref<results>{}};
    per_partition<shard_view<table_of<Left, A>>> shards_{shard_view<table_of<Left, A>>{}};
    passed_over passed_over_{};
    Left scratch_{};
    bytes bytes_{};
};
template <class Left, class A, class B, class F, bool IsLeft>
struct foreign_result_op {
    using weir_operator = void;
    using step = foreign_result_step<Left, A, B, F, IsLeft>;
    using results = typename step::results;
    template <class>
    using out = typename step::out;
    table_of<Left, A>* left;
    F f;

    template <class, class>
    static consteval bool check() {
        return true;
    }
    std::string describe() const { return "join " + left->name; }
    template <class, class>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        constexpr std::size_t journal_max = 1'000'000;
        for (auto* t : here.from) t->as_wide_as_only = left->changelog;
        g.joins(*left, here);
        std::unique_ptr<table_info> made = make_table<Left, bool>({}, {}, journal_max);
        g.changes(static_cast<results&>(g.own_table(std::move(made), "joined")), here);
        return here;
    }
    template <class, class>
    step make_step(plan& p) const {
        return {*left, static_cast<results&>(p.next_table()), f};
    }
};

/// The sentences about two tables that are joined by a key in the values of the first.
template <class A, class KeyOf, class Right, class B, class F, bool IsLeft>
consteval bool foreign_join_fits() {
    static_assert(!nullable<A> && !nullable<B>,
                  "weir: join(t1, key, t2, f): the values of these tables may be null, and a null "
                  "is a row that is not there: take the optional out of the tables' types");
    static_assert(f_can_be_called_with<KeyOf, const A&>,
                  "weir: join(t1, key, t2, f): key cannot be called with a value of the first "
                  "table: a field or a function of it, key(const A&)");
    static_assert(f_returns<returned_by<KeyOf, const A&>, key_of_right<Right>>,
                  "weir: join(t1, key, t2, f): key gives no key of the second table: it returns "
                  "that table's key type, or a std::optional of it, which is empty where there is "
                  "none");
    return f_fits_join<F, A, joined_part<B, IsLeft>>();
}

/// `join(t1, key, t2, f)`, and `left_join(…)` if IsLeft.
///
/// Each row of t1 with the row of t2 that its value names: a stream of the results' changes.
///
///     t1   --1a------------2a----1b--|      1 and 2 are keys; a and b are what the values name
///     t2   ------aX----------aY------|
///     out  ------1X-------2X-1Y-2Y-1x|      x: there is no result any more
///
/// Shape    table<K, A>, table<L, B>, key(const A&) -> L or std::optional<L>, f(const A&, const B&)
///          (left_join: const B*) -> stream<K, std::optional<R>>
/// Order    that of the answers, for each key
/// Acks     a change is committed when its request has arrived, and so on with the answers
/// Holds    three tables of its own: what rows name, who asks for a row, which rows have a result
/// Time     the larger timestamp of the two rows
/// Errors   what key throws: of the change; what f throws: of the answer. The agent's `on_error`
/// Cost     two messages for each change of t1; for one of t2, one for each row that names it
/// Example  samples/operators/foreign_join.cpp    Page docs/operators/foreign_join.md
///          After Kafka Streams' foreign-key join
template <bool IsLeft>
struct foreign_join_fn {
    template <class Left, class A, class KeyOf, class Right, class B, class F>
    auto operator()(const weir::table<Left, A>& left, KeyOf key, const weir::table<Right, B>& right,
                    F f) const {
        if constexpr (foreign_join_fits<A, KeyOf, Right, B, F, IsLeft>() &&
                      table_can_be_joined<Left, A>() && table_can_be_joined<Right, B>()) {
            using request = foreign_request<Left, Right>;
            using response = foreign_response<Left, B>;
            const auto now = [key, scratch = bytes{}](const std::optional<A>& a) mutable {
                foreign_key<Right> k{a.has_value(), 0, {}};
                if (!a) return k;
                k.version = version_of(*a, scratch);
                auto&& its = detail::call(key, *a);
                using found = std::decay_t<decltype(its)>;
                if constexpr (!key_of_right<Right>::template fits<found>) {
                    return k;  // another sentence says that it is no key
                } else if constexpr (nullable<found>) {
                    if (its) k.key.emplace(*its);
                } else {
                    k.key.emplace(its);
                }
                return k;
            };
            auto requests = left.changes() | map(now) | link_op<Left, Right>{} |
                            flat_map(std::identity{}) |
                            group_by([](const request& r) { return r.to; }, {.name = "foreign"});
            return (std::move(requests) & right.changes()) |
                   subscribers_op<Left, Right, B>{&right.info()} | flat_map(std::identity{}) |
                   group_by([](const response& r) { return r.to; }, {.name = "answers"}) |
                   foreign_result_op<Left, A, B, F, IsLeft>{&left.info(), std::move(f)};
        }
    }
};

}  // namespace weir::detail
