// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>

#include <weir/event.hpp>
#include <weir/pull.hpp>
#include <weir/segment/chain_ref.hpp>

namespace weir {
namespace detail {

/// The value in a variant, or any other value itself.
template <class... T>
struct in_body<std::variant<T...>> {
    static void seen(const std::variant<T...>& v) {
        std::visit([]<class U>(const U& u) { in_body<U>::seen(u); }, v);
    }
    static bool acked(const std::variant<T...>& v) {
        return std::visit([]<class U>(const U& u) { return in_body<U>::acked(u); }, v);
    }
};

/// The value types of several streams without duplicates: a single type, or a std::variant.
template <class Found, class... Rest>
struct either {
    using type = Found;
};
template <class... Found, class Next, class... Rest>
struct either<std::variant<Found...>, Next, Rest...> {
    static constexpr bool known = (std::is_same_v<Found, Next> || ...);
    using type = typename either<
        std::conditional_t<known, std::variant<Found...>, std::variant<Found..., Next>>,
        Rest...>::type;
};
template <class T>
struct alone {
    using type = T;
};
template <class T>
struct alone<std::variant<T>> {
    using type = T;
};
template <class First, class... Rest>
using either_of = typename alone<typename either<std::variant<First>, Rest...>::type>::type;

template <class First, class... Rest>
using common_key_of = std::conditional_t<(std::is_same_v<First, Rest> && ...), First, bytes>;

/// Several streams that end in one chain.
template <class First, class... Rest>
struct merged {
    using weir_stream = void;
    using key = common_key_of<typename First::key, typename Rest::key...>;
    using value = either_of<typename First::value, typename Rest::value...>;
    static constexpr bool unacked = is_unacked<First> || (is_unacked<Rest> || ...);
    std::tuple<First, Rest...> streams;

    drawn_stream draw(graph_builder& s) const {
        return std::apply(
            [&](auto&... each) {
                const drawn_stream all[] = {each.draw(s)...};
                return s.merge(all, sizeof...(each), key_name<key>(), value_name<value>());
            },
            streams);
    }
    template <class Chain>
    void build(plan& p, Chain chain) const {
        using into = into_chain_ref<value, Chain::needs, Chain::in_pieces>;
        auto& to = new_chain_ref<value>(p, std::move(chain));
        const auto behind = p.chain_text();
        build_all<into>(p, to, behind, std::index_sequence_for<Rest...>{});
        p.chain_text(behind);
        std::get<0>(streams).build(p, into{&to});
    }

private:
    // Built from right to left, as pipelines are.
    template <class Into, std::size_t... I>
    void build_all(plan& p, chain_ref<value>& to, const std::string& behind,
                   std::index_sequence<I...>) const {
        ((p.chain_text(behind), std::get<sizeof...(Rest) - I>(streams).build(p, Into{&to})), ...);
    }
};

template <class S>
std::tuple<S> branches(S s) {
    return std::tuple<S>{std::move(s)};
}
template <class... S>
std::tuple<S...> branches(merged<S...> m) {
    return std::move(m.streams);
}
template <class... S>
merged<S...> merge(std::tuple<S...> all) {
    return {std::move(all)};
}

}  // namespace detail

/// All values of both streams; the order of each is kept. If their types differ, the values are a
/// std::variant; if their key types differ, keys are bytes. Put a branch of several operators in
/// brackets: & binds tighter than |.
///
///     a    --1-----2--|
///     b    ----7-8----|
///     out  --1-7-8-2--|          a & b
///
/// Shape    stream<K, A>, stream<L, B> -> stream<K or bytes, A or std::variant<A, B>>
/// Order    each stream's is kept; topics take turns. Before windows the lowest time goes first
/// Acks     each value's message to its own topic
/// Holds    nothing; it has no queue
/// Errors   none of its own: a failure concerns the branch's own message
/// Cost     one virtual call for each value; a copy if it becomes part of a variant
/// Example  samples/operators/merge.cpp    Page docs/operators/merge.md    After Faust
///          Stream.combine
template <detail::is_stream A, detail::is_stream B>
auto operator&(A a, B b) {
    return detail::merge(
        std::tuple_cat(detail::branches(std::move(a)), detail::branches(std::move(b))));
}
/// Two pull streams of one app give a pull stream.
template <class P, class Q>
auto operator&(pull<P> a, pull<Q> b) {
    auto both = a.what() & b.what();
    const auto& on = a.on() ? a.on() : b.on();
    if (b.on() && b.on() != on)
        throw setup_error{"weir: a & b: the two streams are of different apps"};
    return pull<decltype(both)>{std::move(both), on, a.name()};
}
/// A pull stream and any other stream give a pull stream.
template <class P, detail::is_stream B>
auto operator&(pull<P> a, B b) {
    return std::move(a) & pull<B>{std::move(b), nullptr, {}};
}
template <detail::is_stream A, class Q>
auto operator&(A a, pull<Q> b) {
    pull<A> first{std::move(a), nullptr, b.name()};
    return std::move(first) & std::move(b);
}
/// One of the streams ends in a sink, so it has no values to merge.
template <detail::is_pipeline A, detail::is_pipeline B>
    requires(!detail::is_stream<A> || !detail::is_stream<B>)
auto operator&(const A& a, const B& b) {
    static_assert(detail::is_stream<A> && detail::is_stream<B>,
                  "weir: a & b: one of them has ended in a sink (for_each, to): nothing comes out "
                  "of it; end the pipeline behind the brackets, (a & b) | for_each(f)");
    if constexpr (detail::is_stream<A>) return a;
    else return b;
}
template <detail::is_operator O, detail::is_stream S>
O operator&(O op, S) {
    static_assert(!detail::is_operator<O>,
                  "weir: & binds tighter than |: put each branch in brackets, (a | f) & (b | g)");
    return op;
}
}  // namespace weir
