// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/codec/codec.hpp>
#include <weir/graph/pipeline.hpp>
#include <weir/options.hpp>
#include <weir/segment/async_stage.hpp>

namespace weir {
namespace detail {

/// One call of an asynchronous map.
template <class F, class In, class R>
struct map_call {
    using argument = In;
    using out = R;
    static constexpr bool recycles = has_codec<In>;  // plain data
    F f;
    auto operator()(const In& v) { return call(f, v); }
    static void pass(In&, R&& made, auto&& to) { to(std::move(made)); }
};

template <class F>
struct map_op {
    using weir_operator = void;
    template <class In>
    using called = std::decay_t<decltype(call(std::declval<F&>(), std::declval<const In&>()))>;
    template <class In>
    using out = typename result_of_call<called<In>>::type;
    template <class, class V>
    static consteval bool check() {
        static_assert(leaves_constant<F, V>());
        static_assert(f_can_be_called_with<F, const V&>,
                      "weir: map(f): f cannot be called with the stream's value, f(const V&)");
        static_assert(f_returns<returned_by<F, const V&>, where_wanted_is<any_value>>,
                      "weir: map(f): f returns nothing that could go on: tap(f) passes on what it "
                      "was given, for_each(f) ends the pipeline");
        static_assert(!borrows<V> || !gives_task<F, const V&>,
                      "weir: an asynchronous map keeps its argument: put map(weir::own) before it");
        return true;
    }
    F f;
    map_options options;
    bool asynchronous = false;  // options were given

    std::string describe() const {
        return asynchronous ? "map async(" + std::to_string(options.concurrency) + ")" : "map";
    }
    void operator()(context&, auto&& v, auto&& next) {
        next(call(f, std::forward<decltype(v)>(v)));
    }

    template <class K, class In, message_part Needs>
        requires is_task<called<In>>
    auto split(plan& p) const {
        using stage = async_stage<map_call<F, In, out<In>>, Needs, shown_key_t<K>>;
        auto& s = static_cast<stage&>(p.add(std::unique_ptr<boundary>{new stage{
            p.loop(), p.agent(), {f}, {options.concurrency, options.order, has_key_type<K>}}}));
        return split_at{into_boundary<stage, stage::needs>{s}, downstream<K, out<In>>{&s}};
    }
};
struct map_fn {
    template <class F>
    map_op<F> operator()(F f) const {
        return {std::move(f), {}};
    }
    template <class F>
    map_op<F> operator()(F f, map_options options) const {
        if (options.concurrency == 0)
            throw setup_error{"weir: map(f, {.concurrency = 0}): give it at least 1"};
        return {std::move(f), options, true};
    }
};

}  // namespace detail

/// Passes on `f(value)`. If `f` returns a `task<R>`, the call is awaited. At most `concurrency`
/// calls are under way. `order` says in which order their results are passed on.
///
///     in   --1-2-3--|
///     out  --2-4-6--|          map(twice)
///
/// Shape    stream<K, V> -> stream<K, R>
/// Order    kept; asynchronous: as `order` says
/// Acks     an asynchronous call holds its message until its result is processed
/// Holds    nothing; asynchronous: `concurrency` arguments or results (twice as many with
///          `order_by::key`), and 64 results that were there at once
/// Time     none of its own
/// Errors   what `f` throws: the agent's `on_error`. A retry makes the call again.
/// Cost     the call, no allocation; asynchronous: entries and coroutine frames are used again
/// Throws   weir::setup_error if concurrency is 0
/// Example  samples/operators/map.cpp    Page docs/operators/map.md    After Faust's processors
inline constexpr detail::map_fn map{};

}  // namespace weir
