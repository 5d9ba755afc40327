// SPDX-License-Identifier: Apache-2.0
// The concepts of a stream and of an operator.
#pragma once
#include <type_traits>

#include <weir/task.hpp>

namespace weir::detail {

// A stream has `key` and `value` (the types that it passes on), `draw(graph_builder)` (returns its
// last node) and `build(plan, chain)` (runs the chain on its values). Streams are a topic, a range,
// what is behind a boundary, and a pipeline.
template <class S>
concept is_stream = requires {
    typename S::weir_stream;
    typename S::value;
} && !std::is_void_v<typename S::value>;

/// Whether the stream is behind `noack()`. Its elements have to stay events, since each is
/// acknowledged by hand.
template <class S>
inline constexpr bool is_unacked = [] {
    if constexpr (requires { S::unacked; }) return bool{S::unacked};
    else return false;
}();

/// What an agent can run: a stream, or one that has ended in a sink.
template <class P>
concept is_pipeline = requires { typename P::weir_stream; };

// An operator is a value with `out<In>`, the type that it passes on (void: it ends the pipeline),
// or `out<K, In>` if that depends on the key; with `describe()`, its name in the graph; and with
// one of
//   operator()                        called with (context, value, next)
//   make_step<K, In>(plan)            returns the object that is called like this
//   make_sink<K, In>(plan)            returns the sink that ends the pipeline
//   split<K, In, Needs>(plan)  a boundary: returns the sink that ends this segment, and the stream
//                              that goes on, whose operators need these parts of a message
// It has `key<K, In>` if it changes the key, and `keeps_element` if it passes on what it was given.
// `check<K, V>()` has static_asserts about the stream before it, each with a sentence. A pipeline
// asks it before anything else, so this is the one place where an operator refuses a stream.
// docs/internals/operators.md explains all of it.
template <class O>
concept is_operator = requires { typename O::weir_operator; };
/// What may stand behind a `|`: an operator, or a value that stands for several.
template <class O>
concept is_applied = is_operator<O> || requires { typename O::weir_operators; };

/// The key of a stream between `window` and the aggregation behind it.
template <class K>
struct in_window {};
template <class K>
inline constexpr bool is_in_window = false;
template <class K>
inline constexpr bool is_in_window<in_window<K>> = true;
/// False for a pipeline that ends in `window`.
template <class P>
inline constexpr bool is_complete = [] {
    if constexpr (requires { typename P::key; }) return !is_in_window<typename P::key>;
    else return true;
}();

template <class Op, class K, class V>
consteval bool checked() {
    static_assert(
        !is_in_window<K> || requires { Op::behind_window; },
        "weir: behind window comes count, reduce or aggregate: put other operators "
        "before window, or behind the aggregation");
    if constexpr (requires { Op::template check<K, V>(); }) return Op::template check<K, V>();
    else return true;
}

/// What can be a topic's key or value at all.
template <class T>
concept is_plain = std::is_object_v<T> && !std::is_const_v<T> && !std::is_volatile_v<T> &&
                   !std::is_pointer_v<T> && !std::is_array_v<T>;

}  // namespace weir::detail
