// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>

#include <weir/operators/to.hpp>

namespace weir {
namespace detail {

/// A boundary made of a sink that sends to a topic, and a source that reads it, with the same
/// types.
template <class Target>
struct through_op {
    using weir_operator = void;
    template <class In>
    using out = as_sent_t<In>;
    template <class K, class>
    using key = shown_key_t<K>;
    template <class K, class V>
    static consteval bool check() {
        return to_op<Target>::template check<K, V>();
    }
    Target target;

    std::string describe() const { return "through"; }
    template <class K, class In>
    drawn_stream draw(graph_builder& s, const drawn_stream& here) const {
        return to_op<Target>{target}.template draw<K, In>(s, here);
    }
    template <class K, class In>
    auto make_sink(plan& p) const {
        return to_op<Target>{target}.template make_sink<K, In>(p);
    }
    template <class K, class In, message_part>
    auto split(plan& p) const {
        auto& there = p.next_through();
        return split_at{to_op<Target>::template sink_to<In>(p, there),
                        topic<shown_key_t<K>, out<In>>{there}};
    }
};
struct through_fn {
    through_op<by_name> operator()(std::string name) const { return {{std::move(name)}}; }
    template <class A, class B>
    through_op<by_handle<A, B>> operator()(topic<A, B> handle) const {
        return {{std::move(handle)}};
    }
    template <class T>
        requires(!std::is_convertible_v<T, std::string>)
    auto operator()(const T&) const {
        static_assert(std::is_convertible_v<T, std::string>,
                      "weir: through(topic): a topic's name, or its handle");
        return through_op<by_name>{};
    }
};

}  // namespace detail

/// Sends every value to a topic. The pipeline goes on with what it reads from that topic, so it
/// survives a restart and is shared by the group. A missing topic is created, with as many
/// partitions as the source. At the end of a pipeline it only sends.
///
///     in     --1-2-3--|
///     topic  --1-2-3--
///     out    ---1-2-3--|          through("topic")
///
/// Shape    stream<K, V> -> stream<K, V>; of a batch: stream<common key, std::vector<V>>
/// Order    kept within a key
/// Acks     holds each message until the broker has what was made of it; what is read back is a
///          message of its own
/// Holds    one message's values while the producer has no room
/// Errors   a send that failed for good: the topic's `on_produce_error`
/// Cost     encode, send, read, decode; if the value is unchanged, its original bytes are sent
/// Throws   weir::setup_error for a name that Kafka forbids, when the agent is added
/// Example  samples/operators/through.cpp    Page docs/operators/through.md    After Faust
///          Stream.through
inline constexpr detail::through_fn through{};

}  // namespace weir
