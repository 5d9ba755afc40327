// SPDX-License-Identifier: Apache-2.0
// What a stream is, and what an operator.
#pragma once
#include <type_traits>

#include <weir/task.hpp>

namespace weir::detail {

// A stream is anything with `key` and `value` (what it yields), `draw(graph_builder)` (its last node) and
// `build(plan, chain)` (run the chain on what it yields): a topic, a range, the far side of a boundary,
// and a pipeline.
template <class S>
concept is_stream = requires {
    typename S::weir_stream;
    typename S::value;
} && !std::is_void_v<typename S::value>;

/// Behind `noack()`: what is not acknowledged by hand stays open, so it has to stay an event.
template <class S>
inline constexpr bool is_unacked = [] {
    if constexpr (requires { S::unacked; }) return bool{S::unacked};
    else return false;
}();

/// What an agent can run: a stream, or one that has ended in a sink.
template <class P>
concept is_pipeline = requires { typename P::weir_stream; };

// An operator is a value with `out<In>` (void: it ends the pipeline) or, where the key shows in
// what it yields, `out<K, In>`; with `describe()` (as drawn), and one of
//   operator()          fused: called in place with (context, value, next)
//   make_step<K, In>(plan)   fused, too, by another object that is made when the pipeline is built
//   make_sink<K, In>(plan)   a sink: what runs is another object, made when the pipeline is built
//   split<K, In, NeedsMessage>(plan)  a boundary: the sink that ends this segment, and the stream that goes on
// and, where it changes it, `key<K, In>`. `keeps_element`: what it passes on is what it was given.
// `check<K, V>()`: static_asserts, one a sentence, about the stream it stands behind. A pipeline asks
// it before anything else, so this is the one place where an operator refuses a stream.
template <class O>
concept is_operator = requires { typename O::weir_operator; };
/// What may stand behind a `|`: an operator, or what stands for several.
template <class O>
concept is_applied = is_operator<O> || requires { typename O::weir_operators; };

template <class Op, class K, class V>
consteval bool checked() {
    if constexpr (requires { Op::template check<K, V>(); }) return Op::template check<K, V>();
    else return true;
}

/// What can be a topic's key or value at all.
template <class T>
concept is_plain = std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> &&
                   !std::is_pointer_v<T> && !std::is_array_v<T>;

}  // namespace weir::detail
