// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/misuse.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/pull.hpp>
#include <weir/segment/chain_ref.hpp>
#include <weir/state/stream_joiner.hpp>
#include <weir/state/table_of.hpp>

namespace weir {
namespace detail {

/// The keys of two streams that are joined.
template <class A, class B>
struct keys_differ {};
template <class A, class B>
struct key_of_both {
    using type = keys_differ<A, B>;
};
template <class K>
struct key_of_both<K, K> {
    using type = K;
};
template <class K>
struct key_of_both<K, std::optional<K>> {
    using type = std::optional<K>;
};
template <class K>
struct key_of_both<std::optional<K>, K> {
    using type = std::optional<K>;
};
template <class K>
inline constexpr bool are_keys_different = false;
template <class A, class B>
inline constexpr bool are_keys_different<keys_differ<A, B>> =
    !is_common_key<A> && !is_common_key<B>;
/// One of the streams, or both, has batches.
template <class K>
inline constexpr bool is_behind_take = is_common_key<K>;
template <class A, class B>
inline constexpr bool is_behind_take<keys_differ<A, B>> = is_common_key<A> || is_common_key<B>;

/// Marks a value with the side that it comes from.
template <bool Left, class Both, class V>
struct side_of_join {
    void operator()(context&, const V& v, auto&& next) const {
        Both both;
        if constexpr (Left) both.left = &v;
        else both.right = &v;
        next(std::move(both));
    }
};

/// Two streams that end in one chain.
template <class A, class B>
struct both_sides {
    using weir_stream = void;
    using key = typename key_of_both<typename A::key, typename B::key>::type;
    using value = from_side<typename A::value, typename B::value>;
    static constexpr bool unacked = is_unacked<A> || is_unacked<B>;
    A left;
    B right;

    drawn_stream draw(graph_builder& g) const {
        auto both = left.draw(g);
        const auto other = right.draw(g);
        both.also.push_back(other.node);
        both.also.insert(both.also.end(), other.also.begin(), other.also.end());
        both.from.insert(both.from.end(), other.from.begin(), other.from.end());
        both.of.insert(both.of.end(), other.of.begin(), other.of.end());
        both.in_batches |= other.in_batches;
        return both;
    }
    template <class Chain>
    void build(plan& p, Chain chain) const {
        auto& to = new_chain_ref<value>(p, std::move(chain));
        const auto behind = p.chain_text();
        build_side<Chain, false>(p, to, right);
        p.chain_text(behind);
        build_side<Chain, true>(p, to, left);
    }

private:
    template <class Chain, bool Left, class S>
    static void build_side(plan& p, chain_ref<value>& to, const S& side) {
        using into = into_chain_ref<value, Chain::needs, Chain::in_pieces>;
        using mark = side_of_join<Left, value, typename S::value>;
        side.build(p, step<mark, into>{{}, into{&to}});
    }
};

/// The stream behind a join whose results are processed by themselves.
template <class K, class Pair, class Call, class Out>
struct behind_join {
    using weir_stream = void;
    using key = K;
    using value = Out;
    boundary* from;
    Call call;
    template <class Chain>
    void build(plan& p, Chain chain) const {
        p.connect(*from, new_segment<Pair>(p, step<Call, Chain>{call, std::move(chain)}));
    }
};

/// The sentences about one side.
template <class V>
consteval bool can_be_held() {
    static_assert(!borrows<V>,
                  "weir: join keeps messages until their matches come: put map(weir::own) before "
                  "it, on both sides");
    static_assert(!holds_messages<V>,
                  "weir: join would keep a batch, and all its messages open: put it before take");
    static_assert(explain_codec<V>::said);
    static_assert(has_codec<V>,
                  "weir: join writes what it keeps to a changelog, and this value has no codec: "
                  "make it an aggregate, or specialise weir::codec");
    return true;
}

template <join_kind Kind, class F>
struct stream_join_op {
    using weir_operator = void;
    static constexpr bool is_inner = Kind == join_kind::inner;
    template <class In>
    struct types;
    template <class A, class B>
    struct types<from_side<A, B>> {
        using left = typename without_null<A>::type;
        using right = typename without_null<B>::type;
        using left_argument =
            std::conditional_t<Kind == join_kind::outer, const left*, const left&>;
        using right_argument = std::conditional_t<is_inner, const right&, const right*>;
        using pair = joined_pair<left, right>;
        using result = returned_by<F, left_argument, right_argument>;
    };
    template <class In>
    using out = std::decay_t<typename types<In>::result>;
    template <class K>
    using row_key = typename without_null<K>::type;
    template <class In>
    using row_value = joined_sides<typename types<In>::left, typename types<In>::right>;
    template <class K, class In>
    using table_type = table_of<row_key<K>, row_value<In>>;

    template <class K, class In>
    static consteval bool check() {
        using t = types<In>;
        static_assert(!are_keys_different<K>,
                      "weir: a | join(b, …): the two streams have keys of different types, so none "
                      "would match: put group_by before one of them");
        static_assert(!is_behind_take<K>,
                      "weir: behind take a batch has no key of its own: put join before take, or "
                      "flat_map(std::identity{}) behind it");
        static_assert(
            are_keys_different<K> || is_behind_take<K> || has_key_type<K>,
            "weir: join matches messages by key, and this stream has no key type: declare "
            "the topic with one, app.topic<K, V>(…), or put group_by before");
        static_assert(can_be_held<typename t::left>() && can_be_held<typename t::right>());
        static_assert(
            f_can_be_called_with<F, typename t::left_argument, typename t::right_argument>,
            "weir: the function of a join is called with both values: join with (const A&, const "
            "B&), left_join with (const A&, const B*), outer_join with (const A*, const B*)");
        static_assert(f_returns<typename t::result, where_wanted_is<any_value>>,
                      "weir: the function of a join returns nothing to pass on");
        return true;
    }
    join_bounds bounds;
    join_options options;
    F f;

    std::string describe() const {
        return bounds.text(Kind) + ", grace " + text_of(duration{bounds.grace});
    }
    template <class K, class In>
    drawn_stream draw(graph_builder& g, const drawn_stream& here) const {
        auto& t = g.own_table(make_table<K, In>(), "join");
        if (t.windows.text == bounds.text(Kind)) t.windows = settings();  // it was drawn before
        else t.fill_by_windows(settings());
        if (!options.late.empty()) {
            auto& late = g.derived(options.late, here);
            g.join(here, g.topic(late, key_name<bytes>(), value_name<bytes>()));
        }
        g.changes(t, here);
        return here;
    }
    template <class K, class In>
    auto make_step(plan& p) const
        requires is_inner
    {
        return joiner<K, In>(p, f, static_cast<void*>(nullptr));
    }
    template <class K, class In, message_part Needs>
    auto split(plan& p) const
        requires(!is_inner)
    {
        using made = join_results<table_type<K, In>, K, Needs>;
        using end = into_boundary<made, message_part::none>;
        using call = join_call<F, Kind == join_kind::outer>;
        auto& t = table<K, In>(p);
        auto& to = static_cast<made&>(p.add(std::unique_ptr<boundary>{new made{p, t}}));
        auto joins = joiner<K, In>(p, t, no_function{}, &to);
        return split_at{step<decltype(joins), end>{std::move(joins), end{to}},
                        behind_join<K, typename types<In>::pair, call, out<In>>{&to, call{f}}};
    }

private:
    struct no_function {};
    window_settings settings() const {
        window_settings s{bounds.text(Kind)};
        s.join = bounds;
        s.kind = Kind;
        s.closes_after = bounds.grace + std::chrono::milliseconds{1};
        s.idle = options.idle;
        s.wait = options.wait;
        return s;
    }
    template <class K, class In>
    static std::unique_ptr<table_info> make_table() {
        auto made = std::make_unique<table_type<K, In>>();
        made->type = &type_id<row_key<K>, row_value<In>>;
        made->key_type = type_name<row_key<K>>();
        made->value_type = std::string{type_name<typename types<In>::left>()} + " and " +
                           std::string{type_name<typename types<In>::right>()};
        made->key_form = data_type_of<row_key<K>>();
        made->journal_max = 1'000'000;
        return made;
    }
    template <class K, class In>
    static auto& table(plan& p) {
        return static_cast<table_type<K, In>&>(p.next_table());
    }
    template <class K, class In, class Call>
    auto joiner(plan& p, Call call, void*) const {
        return joiner<K, In, Call, void>(p, table<K, In>(p), std::move(call), nullptr);
    }
    template <class K, class In, class Call, class Results>
    auto joiner(plan& p, const table_type<K, In>& t, Call call, Results* to) const {
        p.depends_on_time();
        auto* late = options.late.empty() ? nullptr : p.next_targets(1).front();
        return stream_joiner<table_type<K, In>, Kind, K, Call, Results>{t, bounds, std::move(call),
                                                                        late, to};
    }
};

/// What stands behind the `|`, with the other stream.
template <join_kind Kind, class B, class F>
struct stream_join {
    using weir_operators = void;
    B right;
    stream_join_op<Kind, F> op;
};

template <join_kind Kind>
struct join_streams_fn {
    template <is_stream B, class F>
    stream_join<Kind, B, F> operator()(B b, within w, weir::grace g, F f) const {
        return (*this)(std::move(b), w, g, {}, std::move(f));
    }
    template <is_stream B, class F>
    stream_join<Kind, B, F> operator()(B b, within w, weir::grace g, join_options o, F f) const {
        if (o.idle < duration::zero() || o.wait < duration::zero())
            throw setup_error{"weir: join: .idle and .wait must not be negative"};
        if (Kind == join_kind::inner && o.idle > duration::zero())
            throw setup_error{"weir: join: .idle passes on what has found no match, and an inner "
                              "join passes on nothing of that: use left_join or outer_join"};
        return {std::move(b), {{w.before, w.after, g.time}, std::move(o), std::move(f)}};
    }
    template <is_stream B, class Rep, class Period, class... Rest>
    auto operator()(B b, within, std::chrono::duration<Rep, Period>, Rest...) const {
        static_assert(std::is_void_v<B>,
                      "weir: join(stream, within(…), grace(d), f): write grace(5s), not 5s alone");
        return b;
    }
    template <is_stream B, class F>
    auto operator()(B b, within, F) const {
        static_assert(std::is_void_v<B>,
                      "weir: join(stream, within(before, after), grace(d), f): say how long a "
                      "message waits for ones that are late: what comes later finds no match, and "
                      "what has none is passed on so much later. grace(0s) waits for none");
        return b;
    }
};

}  // namespace detail

// `join`, `left_join` and `outer_join` with a stream are overloads of those with a table: see
// join.hpp, left_join.hpp and outer_join.hpp. What they share:

/// Joins each message with those of another stream that have its key and are near enough in time.
/// Both wait for their matches, whichever comes first.
///
///     a    --1a-----5a--------|
///     b    ----2x-------8x----|
///     out  ----1a2x-----5a8x--|      a | join(b, within(0s, 3s), grace(0s), f), one key;
///                                    numbers are seconds
///
///     join(b, within(before, after), grace(d), [{.late, .wait},] f)
///
/// Shape    stream<K, A>, stream<K, B> -> stream<K, R>; f(const A&, const B&) -> R
/// Order    a message's matches come by time, then as they came; of both inputs the message with
///          the lowest time is read next
/// Acks     a result belongs to the message that came last; an offset is committed only when the
///          changelog has what is held as of that offset
/// Holds    the messages that may still have a match, in memory and in a changelog
/// Time     the messages' timestamps, of both streams together. A result has the larger of the two
/// Errors   what f throws is a failure of the message that came last
/// Cost     one look at the table, a copy of each message; a record of the changelog for each key
///          that has changed since the last commit
/// Throws   setup_error if a bound, a grace, .idle or .wait makes no sense
/// Example  samples/operators/stream_join.cpp    Page docs/operators/stream_join.md
///
/// `left_join` passes on left messages, too, that have found no match: f(const A&, const B*), where
/// the pointer is null then. It does so when no match can come any more, never before. Each result
/// holds the message that has caused it; one that fails is no failure of that message, and stops
/// the app by default. `outer_join` does so for both sides: f(const A*, const B*).
template <detail::is_stream A, detail::join_kind Kind, class B, class F>
auto operator|(A a, detail::stream_join<Kind, B, F> j) {
    using both = detail::both_sides<A, B>;
    return pipeline<both, detail::stream_join_op<Kind, F>>{{std::move(a), std::move(j.right)},
                                                           std::move(j.op)};
}
template <class P, detail::join_kind Kind, class B, class F>
auto operator|(pull<P> a, detail::stream_join<Kind, B, F> j) {
    auto both = a.what() | std::move(j);
    return pull<decltype(both)>{std::move(both), a.on(), a.name()};
}

}  // namespace weir
