// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <concepts>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <weir/batch.hpp>
#include <weir/codec/codec.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/options.hpp>
#include <weir/segment/sender.hpp>
#include <weir/topic.hpp>

namespace weir {
namespace detail {

/// What is sent for a value: the value itself; for a batch, the vector of its values.
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
    static constexpr message_part needs = message_part::key_bytes;
    template <class In>
    void operator()(const In&, const message& m, bytes& key) const {
        key.assign(m.key);
    }
};

/// The sink of operators that send. A message is parked in it while the producer has no room.
struct sending_sink : sink {
    static constexpr message_part needs = message_part::headers | message_part::time;
    sender out;
    explicit sending_sink(sender s) : out(std::move(s)) {}

    /// Sends `v` to `count` topics, from the `first` on. Sends the original bytes if `v` is the
    /// very object that was decoded.
    template <class In, class Key>
    void put(context& c, const In& v, Key& key, std::size_t first, std::size_t count) {
        const auto m = c.message();
        auto& o = out.add(c, m, first, count);
        key(v, m, o.key);
        if (c.from.value_of(c.i, &type_id<In>) == &v) o.unchanged = m.value;
        if (o.unchanged.is_null()) encode_onto<as_sent_t<In>>(as_sent<In>::of(v), o.value);
    }
    void apply(context& c) { out.apply(c); }
    void undo() { out.undo(); }
    bool full() { return out.full(); }
};

/// The sink that sends everything to one topic.
template <class In, class Key>
struct send_sink : sending_sink {
    static constexpr message_part needs = sending_sink::needs | Key::needs;
    Key key;
    send_sink(produce_target& o, Key k)
        : sending_sink(sender{std::vector<produce_target*>{&o}}), key(std::move(k)) {}
    void push(context& c, const In& v) { put(c, v, key, 0, 1); }
};

/// The sink that sends each value to the topic that `f` names.
template <class In, class F>
struct choosing_sink : sending_sink {
    static constexpr message_part needs = all_but_value;
    F f;
    std::vector<std::string> topics;
    choosing_sink(plan& p, const F& by, const std::vector<std::string>& from)
        : sending_sink(sender{p.next_targets(from.size())}), f(by), topics(from) {}

    void push(context& c, const In& v) {
        auto&& named = detail::call(f, v);
        const std::string_view topic = named;
        std::size_t at = 0;
        while (at < topics.size() && topics[at] != topic) ++at;
        if (at == topics.size()) fail_choice(topic, topics);
        same_key key;
        put(c, v, key, at, 1);
    }
};

/// A topic by name, or by handle. With a handle the types must be those of the stream.
struct by_name {
    std::string name;
    topic_info& resolve(graph_builder& s, const drawn_stream& before) const {
        return s.derived(name, before);
    }
    template <class K, class V>
    static consteval bool check() {
        return true;
    }
};
// Of a stream and of the topic that it is sent to. As above, the compilers print the types.
template <class OfStream, class OfTopic>
inline constexpr bool value_type_of_stream_and_topic = std::is_same_v<OfStream, OfTopic>;
template <class OfStream, class OfTopic>
inline constexpr bool key_type_of_stream_and_topic =
    is_raw<OfStream> || is_raw<OfTopic> || std::is_same_v<OfStream, OfTopic>;
template <class OfTopic>
inline constexpr bool key_can_be_null = nullable<OfTopic>;

template <class A, class B>
struct by_handle {
    topic<A, B> handle;
    topic_info& resolve(graph_builder& s, const drawn_stream& before) const {
        return s.declared(handle.info(), before);
    }
    template <class K, class V>
    static consteval bool check() {
        using to = topic<A, B>;
        static_assert(value_type_of_stream_and_topic<V, typename to::value>,
                      "weir: the topic that is sent to has another value type than the stream: map "
                      "the value, or declare the topic with the stream's types");
        static_assert(key_type_of_stream_and_topic<K, typename to::key>,
                      "weir: the topic that is sent to has another key type than the stream: "
                      "group_by gives a stream another key; or declare the topic with the stream's "
                      "types");
        if constexpr (is_raw<K>)
            static_assert(key_can_be_null<typename to::key>,
                          "weir: the stream has no key type, so its keys may be null, and those of "
                          "the topic that is sent to cannot: declare the stream's topic with a key "
                          "type, or this one without or with a std::optional of it");
        return true;
    }
};
/// What operators that send refuse.
template <class V>
consteval bool can_be_sent() {
    static_assert(explain_codec<as_sent_t<V>>::said);
    static_assert(has_codec<as_sent_t<V>>,
                  "weir: the value that is sent has no codec: map it to bytes or a string, make it "
                  "an aggregate, or specialise weir::codec (for a batch, of the vector of its "
                  "values)");
    return true;
}

template <class Target>
struct to_op {
    using weir_operator = void;
    template <class>
    using out = void;
    template <class K, class V>
    static consteval bool check() {
        return Target::template check<shown_key_t<K>, as_sent_t<V>>() && can_be_sent<V>();
    }
    Target target;

    std::string describe() const { return "to"; }
    template <class K, class In>
    drawn_stream draw(graph_builder& s, const drawn_stream& here) const {
        auto& t = target.resolve(s, here);
        learn(t, data_type_of<shown_key_t<K>>(), data_type_of<as_sent_t<In>>());
        const auto there = s.topic(t, key_name<K>(), value_name<as_sent_t<In>>());
        s.join(here, there);
        return there;
    }
    template <class K, class In>
    auto make_sink(plan& p) const {
        return sink_to<In>(p, p.next_through());
    }
    template <class In>
    static auto sink_to(plan& p, topic_info& there) {
        return send_sink<In, same_key>{p.send_to(there), {}};
    }
};

template <class F>
struct to_chosen_op {
    using weir_operator = void;
    template <class>
    using out = void;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: to(f, {.topics = …}): f cannot be called with the stream's value, "
                      "f(const V&)");
        static_assert(f_returns<returned_by<F, const V&>, where_wanted_is<topic_name>>,
                      "weir: to(f, {.topics = …}): f returns no topic's name, which is a string or "
                      "a std::string_view");
        return can_be_sent<V>();
    }
    F f;
    std::vector<std::string> topics;

    std::string describe() const { return "to"; }
    template <class K, class In>
    drawn_stream draw(graph_builder& s, const drawn_stream& here) const {
        for (auto& name : topics) {
            auto& t = s.derived(name, here);
            learn(t, data_type_of<shown_key_t<K>>(), data_type_of<as_sent_t<In>>());
            s.join(here, s.topic(t, key_name<K>(), value_name<as_sent_t<In>>()));
        }
        return here;
    }
    template <class, class In>
    auto make_sink(plan& p) const {
        return choosing_sink<In, F>{p, f, topics};
    }
};
struct to_fn {
    to_op<by_name> operator()(std::string name) const { return {{std::move(name)}}; }
    template <class F>
        requires(!std::is_convertible_v<F, std::string>)
    to_chosen_op<F> operator()(F f, to_options o) const {
        if (o.topics.empty())
            throw setup_error{
                "weir: to(f) needs the topics that f chooses from: to(f, {.topics = {\"dear\", "
                "\"cheap\"}})"};
        return {std::move(f), std::move(o.topics)};
    }
    template <class F>
        requires(!std::is_convertible_v<F, std::string>)
    auto operator()(const F&) const {
        static_assert(!is_pipeline<F> && !std::is_arithmetic_v<F>,
                      "weir: to(topic): a topic's name, or its handle; several: echo");
        static_assert(is_pipeline<F> || std::is_arithmetic_v<F>,
                      "weir: to(f) needs the topics that f chooses from: to(f, {.topics = "
                      "{\"dear\", \"cheap\"}})");
        return to_op<by_name>{};
    }
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
/// With a function the topic is chosen for each value, among those that are listed:
///
///     in     --1-2-3--|
///     odd    --1---3--
///     even   ----2----            to(parity, {.topics = {"odd", "even"}})
///
/// Shape    stream<K, V> -> end
/// Order    kept within a key
/// Acks     holds each message until the broker has what was made of it
/// Holds    one message's values while the producer has no room
/// Errors   a send that failed for good: the topic's `on_produce_error`. What the function throws,
///          and a name that is not listed: the agent's `on_error`
/// Cost     encoding; if the value is unchanged, its original bytes are sent
/// Throws   weir::setup_error for a name that Kafka forbids, when the agent is added; for an empty
///          list, when the pipeline is built
/// Example  samples/operators/to.cpp    Page docs/operators/to.md    After Faust's sinks
inline constexpr detail::to_fn to{};

}  // namespace weir
