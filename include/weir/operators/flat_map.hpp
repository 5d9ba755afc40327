// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <iterator>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/batch.hpp>
#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

template <class K, bool Whole>
struct flat_map_key {
    using type = K;
};
template <class K>
struct flat_map_key<common_key<K>, true> {
    using type = K;  // of a batch: each value keeps its own key
};

template <class F>
struct flat_map_op {
    using weir_operator = void;
    template <class In>
    using range = decltype(call(std::declval<F&>(), std::declval<const In&>()));
    template <class In>
    using out = std::iter_value_t<decltype(std::begin(std::declval<range<In>&>()))>;
    /// Whether `f` returns the batch itself, so that each value has its own message.
    template <class In>
    static constexpr bool whole = is_batch<In> && std::is_same_v<std::decay_t<range<In>>, In>;
    template <class K, class In>
    using key = typename flat_map_key<K, whole<In>>::type;
    /// The values of a container that is returned by value are moved. A reference or a view refers
    /// to values of somebody else, which are copied.
    template <class R>
    static constexpr bool owns = !std::is_reference_v<R> && !std::ranges::enable_view<R> &&
                                 !std::ranges::enable_borrowed_range<R>;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: flat_map(f): f cannot be called with the stream's value, f(const V&)");
        static_assert(f_returns<returned_by<F, const V&>, where_wanted_is<any_range>>,
                      "weir: flat_map(f): f returns no range: it returns a vector, say, and map(f) "
                      "takes one that returns a value");
        return true;
    }
    F f;

    std::string describe() const { return "flat_map"; }
    void operator()(context& c, auto&& v, auto&& next) {
        using In = std::decay_t<decltype(v)>;
        auto&& values = call(f, std::as_const(v));
        if constexpr (whole<In>) {
            auto& contents = v.contents();
            const void* const keys = contents.keys_at();
            for (std::size_t i = 0; i < contents.values.size(); ++i) {
                context its{contents, i, c.now, keys};
                next(its, contents.values[i]);
            }
        } else if constexpr (owns<range<In>>) {
            for (auto&& x : values) next(out<In>(std::move(x)));
        } else {
            for (auto&& x : values) next(out<In>(x));
        }
    }
};
struct flat_map_fn {
    template <class F>
    flat_map_op<F> operator()(F f) const {
        return {std::move(f)};
    }
};

}  // namespace detail

/// Passes on every value of the range that `f(value)` returns. With `std::identity` it takes a
/// batch apart: each value gets its own key, headers and timestamp.
///
///     in   --1-----2-----3----|
///     out  --1-1---2-2---3-3--|          flat_map(twice)
///
/// Shape    stream<K, V> -> stream<K, element of f(V)>
/// Order    kept, the values of one message in the order of their range
/// Acks     a message when all its values are done
/// Holds    nothing
/// Errors   what `f` or its range throws: the agent's `on_error`. Nothing of the message was sent
///          then
/// Cost     the call; values of a container that is returned by value are moved, others copied
/// Example  samples/operators/flat_map.cpp    Page docs/operators/flat_map.md
inline constexpr detail::flat_map_fn flat_map{};

}  // namespace weir
