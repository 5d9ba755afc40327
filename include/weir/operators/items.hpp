// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/borrowed_or_owned.hpp>
#include <weir/segment/key.hpp>

namespace weir {

/// What `items` yields: a key and a value, `auto& [key, value] = item`. In the body it refers to
/// both; a copy owns them.
template <class K, class V>
class item {
public:
    /// Refers to a key and a value that live longer.
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
        static constexpr message_part needs = needs_key<K>;
        K scratch{};  // for a key that is not decoded yet; used again

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

/// Passes on each value with its key. Yields `item<K, V>`: `auto& [key, value] = item`. Behind
/// `take` the key is the one that the batch's messages share, else null.
///
///     in   --1---2---3--|          keys a, b, a
///     out  --a1--b2--a3-|          items()
///
/// Shape    stream<K, V> -> stream<K, item<K, V>>
/// Order    kept
/// Acks     no change
/// Holds    nothing
/// Errors   none of its own
/// Cost     no copy and no allocation for a decoded key; raw bytes, and keys behind a boundary, are
///          copied into an object that is used again
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
