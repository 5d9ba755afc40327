// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/fields.hpp>
#include <weir/operators/through.hpp>
#include <weir/options.hpp>

namespace weir {
namespace detail {

template <class F>
struct new_key {
    F f;
    template <class In>
    void operator()(const In& v, const message&, bytes& key) {
        decltype(auto) k = call(f, v);
        encode_onto<std::decay_t<decltype(k)>>(k, key);
    }
};

template <class F>
struct group_by_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    template <class, class In>
    using key = std::decay_t<decltype(call(std::declval<F&>(), std::declval<const In&>()))>;
    group_by_op(F f, std::string name, partition_id partitions)
        : f_(std::move(f)), name_(std::move(name)), partitions_(partitions) {}

    std::string describe() const { return "group_by " + name_; }
    template <class K, class In>
    drawn draw(sketch& s, const drawn& here) const {
        auto& t = s.repartition(name_, partitions_, here);
        const auto there = s.topic(t, key_name<key<K, In>>(), value_name<In>());
        s.join(here, there);
        return there;
    }
    template <class K, class In>
    auto open(plan& p) const {
        return sink_to<K, In>(p, p.next_through());
    }
    template <class K, class In, bool>
    auto cut(plan& p) const {
        auto& there = p.next_through();
        return cut_at{sink_to<K, In>(p, there), topic<key<K, In>, In>{there}};
    }

private:
    template <class K, class In>
    auto sink_to(plan& p, topic_info& there) const {
        static_assert(!is_batch<In>,
                      "weir: group_by of a batch: group the values before take, or take it apart "
                      "by flat_map");
        static_assert(has_codec<key<K, In>>,
                      "weir: group_by: this key has no codec: a string, a number, or a type with a "
                      "weir::codec has one");
        static_assert(has_codec<In>,
                      "weir: group_by: this value has no codec: make it an aggregate, or "
                      "specialise weir::codec");
        return sending<In, new_key<F>>{p.send_to(there), {f_}};
    }

    F f_;
    std::string name_;
    partition_id partitions_;
};
struct group_by_fn {
    /// By a field: its name names the topic.
    template <class T, class C>
        requires std::is_member_object_pointer_v<T C::*>
    group_by_op<T C::*> operator()(T C::*field, group_by_options o = {}) const {
        return {field, o.name.empty() ? std::string{field_name(field)} : std::move(o.name),
                o.partitions};
    }
    /// By a callable, which has no name of its own. (Any string: braces are the options'.)
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
    void operator()(F) const {
        static_assert(std::is_void_v<F>,
                      "weir: group_by(callable) needs a name, which names its topic: group_by(f, "
                      "\"account\")");
    }

private:
    template <class F>
    static group_by_op<F> named(F f, group_by_options o) {
        if (o.name.empty())
            throw setup_error{
                "weir: group_by(callable) needs a name, which names its topic: group_by(f, "
                "\"account\")"};
        return {std::move(f), std::move(o.name), o.partitions};
    }
};

}  // namespace detail

/// Re-keys the stream by way of an internal topic, `{app}-{agent}-{name}-repartition`, so that all
/// values of one key are read by one member of the group, in order.
///
///     in   --a1-b2-a3--|
///     out  --a1-a3--|             group_by(&order::account_id), partition of a
///          ----b2---|             partition of b
///
/// Shape    stream<K, V> -> stream<type of the field, V>
/// Order    kept within a key, for values of one source partition
/// Acks     holds each message until the broker has it under its new key
/// Holds    one message's values while the producer has no room
/// Errors   what a key function throws: the agent's `on_error`; a failed send: the app's
///          `on_produce_error`
/// Cost     encode the key, send, read, decode; the original bytes are sent on where the value is
///          unchanged
/// Throws   weir::setup_error if a callable's name is empty, or makes a topic name that Kafka
///          forbids
/// Example  samples/operators/group_by.cpp    Page docs/operators/group_by.md    After Faust
///          Stream.group_by
inline constexpr detail::group_by_fn group_by{};

}  // namespace weir
