// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include <weir/operators/to.hpp>

namespace weir {
namespace detail {

template <class... Targets>
struct echo_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class K, class V>
    static consteval bool check() {
        return (Targets::template check<shown_key_t<K>, as_sent_t<V>>() && ...) && can_be_sent<V>();
    }
    std::tuple<Targets...> targets;

    struct running : sending_sink {
        static constexpr message_part needs = all_but_value;
        using sending_sink::sending_sink;
        void operator()(context& c, auto&& v, auto&& next) {
            same_key key;
            put(c, std::as_const(v), key, 0, out.targets());
            next(std::forward<decltype(v)>(v));
        }
    };
    std::string describe() const { return "echo"; }
    template <class K, class In>
    drawn_stream draw(graph_builder& s, const drawn_stream& here) const {
        const auto one = [&](const auto& target) {
            auto& t = target.resolve(s, here);
            learn(t, data_type_of<shown_key_t<K>>(), data_type_of<as_sent_t<In>>());
            s.join(here, s.topic(t, key_name<K>(), value_name<as_sent_t<In>>()));
        };
        std::apply([&](const auto&... all) { (one(all), ...); }, targets);
        return here;
    }
    template <class, class>
    running make_step(plan& p) const {
        return running{sender{p.next_targets(sizeof...(Targets))}};
    }
};
struct echo_fn {
    template <class... To>
    auto operator()(const To&... to) const {
        static_assert(sizeof...(To) > 0, "weir: echo() needs a topic to send to: echo(\"copy\")");
        return echo_op<decltype(target(to))...>{{target(to)...}};
    }

private:
    static by_name target(std::string name) { return {std::move(name)}; }
    template <class A, class B>
    static by_handle<A, B> target(topic<A, B> handle) {
        return {std::move(handle)};
    }
    template <class T>
        requires(!std::is_convertible_v<T, std::string>)
    static auto target(const T&) {
        static_assert(std::is_convertible_v<T, std::string>,
                      "weir: echo(topic, …): each is a topic's name, or its handle");
        return by_name{};
    }
};

}  // namespace detail

/// Sends every value to one topic or to several, by name or by handle, with the key, headers and
/// timestamp of its message, and passes it on unchanged.
///
///     in    --1-2-3--|
///     copy  --1-2-3--
///     out   --1-2-3--|          echo("copy")
///
/// Shape    stream<K, V> -> stream<K, V>
/// Order    kept; in each topic within a key
/// Acks     holds each message until the broker has every copy
/// Holds    one message's values while the producer has no room
/// Errors   a send that failed for good: its topic's `on_produce_error`. A message that fails has
///          sent nothing.
/// Cost     encoding, once for all topics; if the value is unchanged, its original bytes are sent
/// Throws   weir::setup_error for a name that Kafka forbids, when the agent is added
/// Example  samples/operators/echo.cpp    Page docs/operators/echo.md    After Faust Stream.echo
inline constexpr detail::echo_fn echo{};

}  // namespace weir
