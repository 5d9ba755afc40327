// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

template <class F>
struct filter_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    template <class, class V>
    static consteval bool check() {
        static_assert(!gives_task<F, const V&>,
                      "weir: filter(f): f gives a task, and filter awaits none: use an "
                      "asynchronous map, or a processor that gives a std::optional");
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: filter(f): f cannot be called with the stream's value, f(const V&)");
        static_assert(f_returns<returned_by<F, const V&>, where_wanted_is<bool>>,
                      "weir: filter(f): f returns no bool");
        return true;
    }
    F f;

    std::string describe() const { return "filter"; }
    void operator()(context&, auto&& v, auto&& next) {
        if (call(f, std::as_const(v))) next(std::forward<decltype(v)>(v));
    }
};
struct filter_fn {
    template <class F>
    filter_op<F> operator()(F f) const {
        return {std::move(f)};
    }
};

}  // namespace detail

/// Passes on the values for which `f(value)` is true.
///
///     in   --1-2-3-4--|
///     out  ----2---4--|          filter(is_even)
///
/// Shape    stream<K, V> -> stream<K, V>
/// Order    kept
/// Acks     a dropped value is acknowledged
/// Holds    nothing
/// Errors   what `f` throws: the agent's `on_error`
/// Cost     the call; no copy, no allocation
/// Example  samples/operators/filter.cpp    Page docs/operators/filter.md    After Faust
///          Stream.filter
inline constexpr detail::filter_fn filter{};

}  // namespace weir
