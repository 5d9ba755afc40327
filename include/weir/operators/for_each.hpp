// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <type_traits>
#include <utility>

#include <weir/event.hpp>
#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

template <class F>
struct for_each_op {
    using weir_operator = void;
    static constexpr bool keeps_element = true;
    template <class>
    using out = void;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: for_each(f): f cannot be called with the stream's value, f(const V&)");
        static_assert(!gives_task<F, const V&>,
                      "weir: for_each(f): f gives a task, which nobody would await: use an "
                      "asynchronous map, or give the agent a coroutine: app.agent(name, "
                      "stream, [](auto stream) -> weir::task<> { … })");
        return true;
    }
    F f;

    struct running : sink {
        F f;
        explicit running(F body) : f(std::move(body)) {}
        // an lvalue, since bodies take `auto& event`
        template <class V>
        void push(context&, const V& v) {
            in_body<V>::seen(v);
            call(f, v);
        }
    };
    std::string describe() const { return "for_each"; }
    template <class K, class>
    running make_sink(plan&) const {
        return running{f};
    }
};
struct for_each_fn {
    template <class F>
    for_each_op<F> operator()(F f) const {
        return {std::move(f)};
    }
};

}  // namespace detail

/// Calls `f`, the agent's body, with every value. Ends the pipeline.
///
///     in   --1-2-3--|
///     f      1 2 3             for_each(f)
///
/// Shape    stream<K, V> -> end
/// Order    kept within a partition
/// Acks     a value's message when `f` has returned
/// Holds    nothing
/// Errors   what `f` throws: the agent's `on_error`
/// Cost     the call; no copy, no allocation
/// Example  samples/operators/for_each.cpp    Page docs/operators/for_each.md    After Faust's
///          agent body
inline constexpr detail::for_each_fn for_each{};

}  // namespace weir
