// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>
#include <vector>

#include <weir/batch.hpp>
#include <weir/codec/codec.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/topic.hpp>

namespace weir {
namespace detail {

/// What is sent for a value: the value; for a batch, the vector of its values.
template <class In>
struct as_sent {
    using type = In;
    static const In& of(const In& v) { return v; }
};
template <class V>
struct as_sent<batch<V>> {
    using type = std::vector<V>;
    static const std::vector<V>& of(const batch<V>& b) { return b.values(); }
};
template <class In>
using as_sent_t = typename as_sent<In>::type;

struct same_key {
    template <class In>
    void operator()(const In&, const message& m, bytes& key) const {
        key.assign(m.key);
    }
};

/// The sink that sends: when a message has gone through its whole segment, so one that throws has
/// sent nothing. A message is parked in it while the outlet has no room.
template <class In, class Key>
struct sending : sink {
    static constexpr bool shows = true;
    outlet* to;
    Key key;
    std::vector<outgoing> waiting{};  // of the message in work; recycled
    hold held{};
    std::size_t count = 0, sent = 0;

    sending(outlet& o, Key k) : to(&o), key(std::move(k)) {}

    void push(context& c, const In& v) {
        if (count == waiting.size()) waiting.emplace_back();
        auto& o = waiting[count];
        const auto m = c.message();
        o.key.reset(), o.value.reset();
        key(v, m, o.key);
        o.unchanged = {};
        if (c.from.value_of(c.i, &type_id<In>) == &v) o.unchanged = m.value;
        if (o.unchanged.is_null()) encode_onto<as_sent_t<In>>(as_sent<In>::of(v), o.value);
        o.headers = c.from.headers_of(c.i);
        o.timestamp = m.timestamp;
        ++count;
    }
    void keep(context& c) {
        if (count == 0) return;
        held = c.hold();
        if (full()) c.now.end(why::full);
    }
    void undo() { count = sent = 0, held.release(); }
    bool full() {
        for (; sent < count; ++sent) {
            auto h = held.share();
            if (!to->send(waiting[sent], h)) return true;
        }
        undo();
        return false;
    }
};

/// A target by name, or by handle; with a handle the types must fit.
struct by_name {
    std::string name;
    topic_info& resolve(sketch& s, const drawn& before) const { return s.derived(name, before); }
    template <class K, class V>
    static constexpr bool fits = true;
};
template <class A, class B>
struct by_handle {
    topic<A, B> handle;
    topic_info& resolve(sketch& s, const drawn&) const { return s.passes(handle.info()); }
    template <class K, class V>
    static constexpr bool fits = std::is_same_v<V, typename topic<A, B>::value> &&
                                 (is_raw<K> || is_raw<typename topic<A, B>::key> ||
                                  std::is_same_v<K, typename topic<A, B>::key>);
};

template <class Target>
struct to_op {
    using weir_operator = void;
    template <class>
    using out = void;
    Target target;

    std::string describe() const { return "to"; }
    template <class K, class In>
    drawn draw(sketch& s, const drawn& here) const {
        static_assert(Target::template fits<shown_key_t<K>, as_sent_t<In>>,
                      "weir: to(topic): its key and value types are not those of the stream; map "
                      "the value, or declare "
                      "the topic with the stream's types");
        auto& t = target.resolve(s, here);
        const auto there = s.topic(t, key_name<K>(), value_name<as_sent_t<In>>());
        s.join(here, there);
        return there;
    }
    template <class K, class In>
    auto open(plan& p) const {
        return sink_to<In>(p, p.next_through());
    }
    template <class In>
    static auto sink_to(plan& p, topic_info& there) {
        static_assert(has_codec<as_sent_t<In>>,
                      "weir: to(topic): this value has no codec: map it to bytes or a string, make "
                      "it an aggregate, or "
                      "specialise weir::codec (for a batch, of the vector of its values)");
        return sending<In, same_key>{p.send_to(there), {}};
    }
};
struct to_fn {
    to_op<by_name> operator()(std::string name) const { return {{std::move(name)}}; }
    template <class A, class B>
    to_op<by_handle<A, B>> operator()(topic<A, B> handle) const {
        return {{std::move(handle)}};
    }
};

}  // namespace detail

/// Sends every value to a topic, by name or by handle, with the key, headers and timestamp of its
/// message. A batch is sent as one message: the JSON array of its values. Ends the pipeline.
///
///     in     --1-2-3--|
///     topic  --1-2-3--            to("topic")
///
/// Shape    stream<K, V> -> end
/// Order    kept within a key
/// Acks     holds each message until the broker has what was made of it
/// Holds    one message's values while the producer has no room
/// Errors   a send that failed for good: the topic's `on_produce_error`
/// Cost     encoding; the original bytes are sent on where the value is unchanged
/// Throws   weir::setup_error for a name that Kafka forbids, when the agent is added
/// Example  samples/operators/to.cpp    Page docs/operators/to.md    After Faust's sinks
inline constexpr detail::to_fn to{};

}  // namespace weir
