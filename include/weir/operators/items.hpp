// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/borrowed_or_owned.hpp>

namespace weir {

/// What `items` yields: a look at a key and a value, `auto& [key, value] = item`. A copy owns a key
/// and a value of its own.
template <class K, class V>
class item {
public:
    /// Looks at a key, and at a value, that live longer.
    item(const K& key, const V& value) : key_(&key), value_(&value) {}
    item(const K& key, V&& value) : key_(&key), value_(std::move(value)) {}

    const K& key() const { return *key_; }
    const V& value() const { return *value_; }
    template <std::size_t I>
    const auto& get() const {
        if constexpr (I == 0) return *key_;
        else return *value_;
    }

private:
    detail::borrowed_or_owned<K> key_;
    detail::borrowed_or_owned<V> value_;
};

namespace detail {

template <class K, class V>
inline constexpr bool borrows<item<K, V>> = borrows<K> || borrows<V>;
template <class K, class V>
inline constexpr bool holds_messages<item<K, V>> = holds_messages<V>;

struct items_op {
    using weir_operator = void;
    template <class K, class In>
    using out = item<shown_key_t<K>, In>;

    template <class K>
    struct running {
        static constexpr bool needs_message = true;
        K scratch{};  // recycled: a key that nobody has decoded yet

        void operator()(context& c, auto&& v, auto&& next) {
            next(item<K, std::decay_t<decltype(v)>>{*key_at<K>(c, scratch),
                                                    std::forward<decltype(v)>(v)});
        }
    };
    std::string describe() const { return "items"; }
    template <class K, class>
    running<shown_key_t<K>> make_step(plan&) const {
        return {};
    }
};
struct items_fn {
    items_op operator()() const { return {}; }
};

}  // namespace detail

/// Shows each value's key beside it: yields `item<K, V>`, taken apart by `auto& [key, value] =
/// item`. Behind `take` the key is the one that the batch's messages share, or none.
///
///     in   --1---2---3--|          keys a, b, a
///     out  --a1--b2--a3-|          items()
///
/// Shape    stream<K, V> -> stream<K, item<K, V>>
/// Order    kept
/// Acks     as without it
/// Holds    nothing
/// Errors   none of its own
/// Cost     no copy, no allocation: the key is shown where it was decoded; raw bytes, and keys
///          behind a boundary, are copied into a place that is used again
/// Example  samples/operators/items.cpp    Page docs/operators/items.md    After Faust Stream.items
inline constexpr detail::items_fn items{};

}  // namespace weir

template <class K, class V>
struct std::tuple_size<weir::item<K, V>> : std::integral_constant<std::size_t, 2> {};
template <class K, class V>
struct std::tuple_element<0, weir::item<K, V>> {
    using type = const K;
};
template <class K, class V>
struct std::tuple_element<1, weir::item<K, V>> {
    using type = const V;
};
