// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>

#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

template <class F>
struct tap_op {
    using weir_operator = void;
    template <class In>
    using out = In;
    static constexpr bool keeps_element = true;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: tap(f): f cannot be called with the stream's value, f(const V&)");
        static_assert(!gives_task<F, const V&>,
                      "weir: tap(f): f gives a task, which nobody would await: use an asynchronous "
                      "map, which passes on what it gives");
        return true;
    }
    F f;

    std::string describe() const { return "tap"; }
    void operator()(context&, auto&& v, auto&& next) {
        call(f, std::as_const(v));
        next(std::forward<decltype(v)>(v));
    }
};
struct tap_fn {
    template <class F>
    tap_op<F> operator()(F f) const {
        return {std::move(f)};
    }
};

}  // namespace detail

/// Calls `f` with every value and passes the value on unchanged: for logs and counters.
///
///     in   --1-2-3--|
///     out  --1-2-3--|          tap(print)
///
/// Shape    stream<K, V> -> stream<K, V>
/// Order    kept
/// Acks     no change
/// Holds    nothing
/// Errors   what `f` throws: the agent's `on_error`. When a message is retried, `f` is called again
/// Cost     the call; no copy, no allocation
/// Example  samples/operators/tap.cpp    Page docs/operators/tap.md
inline constexpr detail::tap_fn tap{};

}  // namespace weir
