// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/fields.hpp>
#include <weir/operators/through.hpp>
#include <weir/options.hpp>
#include <weir/segment/async_stage.hpp>

namespace weir {
namespace detail {

template <class F>
struct new_key {
    static constexpr message_part needs = message_part::none;
    F f;
    template <class In>
    void operator()(const In& v, const message&, bytes& key) {
        decltype(auto) k = call(f, v);
        encode_onto<std::decay_t<decltype(k)>>(k, key);
    }
};

/// A value and its new key, on the way from the call to the sink.
template <class K, class V>
struct keyed {
    K key;
    V value;
};
template <class K, class V>
struct as_sent<keyed<K, V>> {
    using type = V;
    static const V& of(const keyed<K, V>& v) { return v.value; }
};
struct found_key {
    static constexpr message_part needs = message_part::none;
    template <class K, class V>
    void operator()(const keyed<K, V>& v, const message&, bytes& key) const {
        encode_onto<K>(v.key, key);
    }
};
/// One call of an asynchronous group_by.
template <class F, class In, class K>
struct key_call {
    using argument = In;
    using out = keyed<K, In>;
    static constexpr bool recycles = false;  // the argument is passed on
    F f;
    auto operator()(const In& v) { return call(f, v); }
    static void pass(In& v, K&& found, auto&& to) { to(out{std::move(found), std::move(v)}); }
};

/// The sink of an asynchronous group_by. It sends each value with the key that its call has found;
/// the pipeline goes on with what is read from the topic.
template <class K, class V>
struct regrouped {
    using weir_stream = void;
    using key = K;
    using value = V;
    boundary* calls;
    produce_target* to;
    topic_info* there;

    void send(plan& p) const {
        using target = send_sink<keyed<K, V>, found_key>;
        p.chain();
        p.connect(*calls, new_segment<keyed<K, V>>(p, target{*to, {}}));
    }
    template <class Chain>
    void build(plan& p, Chain chain) const {
        topic<K, V>{*there}.build(p, std::move(chain));
        send(p);
    }
};

template <class F>
struct group_by_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class In>
    using called = std::decay_t<std::invoke_result_t<F&, const In&>>;
    template <class, class In>
    using key = typename result_of_call<called<In>>::type;
    template <class K, class V>
    static consteval bool check() {
        constexpr bool gives_key = calls<F, const V&> && !gives_nothing<F, const V&>;
        static_assert(leaves_constant<F, V>());
        if constexpr (std::is_member_object_pointer_v<F>)
            static_assert(
                f_can_be_called_with<F, const V&>,
                "weir: group_by(&order::account): this is no field of the stream's value");
        else
            static_assert(f_can_be_called_with<F, const V&>,
                          "weir: group_by(f, \"account\"): f cannot be called with the stream's "
                          "value, f(const V&)");
        static_assert(f_returns<returned_by<F, const V&>, where_wanted_is<any_value>>,
                      "weir: group_by(f, \"account\"): f returns nothing that could be a key");
        static_assert(!is_batch<V>,
                      "weir: group_by of a batch: group the values before take, or take it apart "
                      "by flat_map");
        static_assert(explain_codec<V>::said);
        static_assert(has_codec<V>,
                      "weir: group_by: this value has no codec: make it an aggregate, or "
                      "specialise weir::codec");
        if constexpr (gives_key) {
            static_assert(explain_codec<key<K, V>>::said);
            static_assert(has_codec<key<K, V>>,
                          "weir: group_by: this key has no codec: a string, a number, or a type "
                          "with a weir::codec has one");
        }
        static_assert(!borrows<V> || !gives_task<F, const V&>,
                      "weir: an asynchronous group_by keeps its value: put map(weir::own) before "
                      "it");
        return true;
    }
    group_by_op(F f, group_by_options o) : f_(std::move(f)), options_(std::move(o)) {}
    const F& function() const { return f_; }
    const group_by_options& options() const { return options_; }

    std::string describe() const {
        if (options_.concurrency == 1) return "group_by " + options_.name;
        return "group_by " + options_.name + " async(" + std::to_string(options_.concurrency) + ')';
    }
    template <class K, class In>
    drawn_stream draw(graph_builder& s, const drawn_stream& here) const {
        auto& t = s.repartition(
            options_.name, options_.topic,
            {options_.partitions, options_.replication, options_.config, {}, {}}, here);
        learn(t, data_type_of<key<K, In>>(), data_type_of<In>());
        const auto there = s.topic(t, key_name<key<K, In>>(), value_name<In>());
        s.join(here, there);
        return there;
    }
    template <class K, class In>
    auto make_sink(plan& p) const {
        auto& there = p.next_through();
        if constexpr (is_task<called<In>>) {
            auto& calls = call_stage<K, In>(p);
            regrouped<key<K, In>, In>{&calls, &p.send_to(there), nullptr}.send(p);
            return end_at<K, In>(calls);
        } else {
            return send_sink<In, new_key<F>>{p.send_to(there), {f_}};
        }
    }
    template <class K, class In, message_part>
    auto split(plan& p) const {
        auto& there = p.next_through();
        if constexpr (is_task<called<In>>) {
            auto& calls = call_stage<K, In>(p);
            return split_at{end_at<K, In>(calls),
                            regrouped<key<K, In>, In>{&calls, &p.send_to(there), &there}};
        } else {
            return split_at{send_sink<In, new_key<F>>{p.send_to(there), {f_}},
                            topic<key<K, In>, In>{there}};
        }
    }

private:
    template <class K, class In>
    using stage = async_stage<key_call<F, In, key<K, In>>,
                              send_sink<keyed<key<K, In>, In>, found_key>::needs>;
    template <class K, class In>
    auto& call_stage(plan& p) const {
        return static_cast<stage<K, In>&>(p.add(std::unique_ptr<boundary>{new stage<K, In>{
            p.loop(), p.agent(), {f_}, {options_.concurrency, options_.order, has_key_type<K>}}}));
    }
    template <class K, class In>
    static auto end_at(stage<K, In>& calls) {
        return into_boundary<stage<K, In>, stage<K, In>::needs>{calls};
    }

    F f_;
    group_by_options options_;
};
struct group_by_fn {
    /// The key is a field. The field's name becomes part of the topic's name.
    template <class T, class C>
        requires std::is_member_object_pointer_v<T C::*>
    group_by_op<T C::*> operator()(T C::*field, group_by_options o = {}) const {
        if (o.name.empty()) o.name = std::string{field_name(field)};
        return {field, std::move(o)};
    }
    /// The key is the result of a function, which needs a name. (Any type of string, since braces
    /// stand for the options.)
    template <class F, class Name>
        requires(!std::is_member_object_pointer_v<F> && std::is_convertible_v<Name, std::string>)
    group_by_op<F> operator()(F f, Name name) const {
        return named(std::move(f), {.name = std::move(name)});
    }
    template <class F>
        requires(!std::is_member_object_pointer_v<F>)
    group_by_op<F> operator()(F f, group_by_options o) const {
        return named(std::move(f), std::move(o));
    }
    template <class F>
        requires(!std::is_member_object_pointer_v<F>)
    auto operator()(F f) const {
        static_assert(!std::is_convertible_v<F, std::string>,
                      "weir: group_by takes a field, group_by(&order::account), or a callable "
                      "and a name, group_by(f, \"account\"): a name alone does not say the "
                      "key");
        static_assert(std::is_convertible_v<F, std::string>,
                      "weir: group_by(callable) needs a name, which names its topic: group_by(f, "
                      "\"account\")");
        return named(std::move(f), {});
    }

private:
    template <class F>
    static group_by_op<F> named(F f, group_by_options o) {
        if (o.name.empty())
            throw setup_error{
                "weir: group_by(callable) needs a name, which names its topic: group_by(f, "
                "\"account\")"};
        if (o.concurrency == 0)
            throw setup_error{"weir: group_by(f, {.concurrency = 0}): give it at least 1"};
        return {std::move(f), std::move(o)};
    }
};

}  // namespace detail

/// Gives values a new key and sends them through an internal topic,
/// `{app}-{agent}-{name}-repartition`, so that all values of a key are read by one member of the
/// group, in order.
///
///     in   --a1-b2-a3--|
///     out  --a1-a3--|             group_by(&order::account_id), partition of a
///          ----b2---|             partition of b
///
/// weir creates the topic so that nothing is deleted before it is read, and has messages deleted
/// some time after they are committed.
///
/// A function that returns a task is awaited; `concurrency` and `order` say how.
///
/// Shape    stream<K, V> -> stream<type of the field, V>
/// Order    kept within a key, for values of one source partition; for asynchronous keys as `order`
///          says
/// Acks     holds each message until the broker has it under its new key
/// Holds    one message's values while the producer has no room; asynchronous: `concurrency` values
/// Errors   what a key function throws: the agent's `on_error`; a failed send: the app's
///          `on_produce_error`
/// Cost     encode the key, send, read, decode; if the value is unchanged, its original bytes are
///          sent. With an asynchronous key, that of an asynchronous map, and the value is encoded
///          again
/// Throws   weir::setup_error if a function's name is empty, or makes a topic name that Kafka
///          forbids
/// Example  samples/operators/group_by.cpp    Page docs/operators/group_by.md    After Faust
///          Stream.group_by
inline constexpr detail::group_by_fn group_by{};

}  // namespace weir
