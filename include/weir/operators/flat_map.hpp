// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <array>
#include <cstddef>
#include <iterator>
#include <optional>
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

/// Has a T that is neither copied nor moved: a copy of this is empty.
template <class T>
struct stays {
    std::optional<T> is{};
    stays() = default;
    stays(const stays&) {}
    stays& operator=(const stays&) = delete;
    ~stays() = default;
};

/// A value that is used until its message is finished. An lvalue lives that long; an rvalue is
/// kept.
template <class In>
class kept_value {
public:
    explicit kept_value(const In& v) : at_(&v) {}
    explicit kept_value(In&& v) : own_(std::move(v)), at_(&*own_) {}
    kept_value(const kept_value&) = delete;
    kept_value& operator=(const kept_value&) = delete;
    ~kept_value() = default;
    const In& operator*() const { return *at_; }

private:
    std::optional<In> own_{};
    const In* at_;
};

/// The values of a batch one by one, each with its own message.
template <class In>
class batch_values {
public:
    batch_values(const context&, auto&& batch, auto& f)
        : batch_(std::forward<decltype(batch)>(batch)) {
        static_cast<void>(call(f, *batch_));
    }
    std::size_t left() const { return contents().values.size() - at_; }
    bool ended() const { return left() == 0; }
    void pass(segment_turn& now, auto& next) {
        context its{contents(), at_, now, contents().keys_at()};
        const auto* before = std::exchange(now.element, &its);
        next(its, contents().values[at_]);
        now.element = before;
        ++at_;
    }

private:
    auto& contents() const { return (*batch_).contents(); }

    kept_value<In> batch_;
    std::size_t at_ = 0;
};

/// The values of the range that `f` makes of an In, one by one, each with the In's message. The
/// values of a container that is returned by value are moved. A reference or a view refers to
/// values of somebody else, which are copied.
template <class Out, class In, class R>
class range_values {
public:
    static constexpr bool owns = !std::is_reference_v<R> && !std::ranges::enable_view<R> &&
                                 !std::ranges::enable_borrowed_range<R>;
    static Out element(auto&& x) {
        if constexpr (owns) return Out(std::move(x));
        else return Out(x);
    }

    range_values(const context& c, auto&& v, auto& f)
        : of_(std::forward<decltype(v)>(v)),
          message_(c),
          range_(call(f, *of_)),
          at_(std::begin(range_)),
          end_(std::end(range_)) {}
    /// Before the first one is passed.
    std::size_t left()
        requires requires(R& r) { std::size(r); }
    {
        return std::size(range_);
    }
    bool ended() { return at_ == end_; }
    void pass(segment_turn& now, auto& next) {
        context its{message_.from, message_.i, now, message_.keys, message_.common};
        its.result_time = message_.result_time;
        const auto* before = std::exchange(now.element, &its);
        next(its, element(*at_));
        now.element = before;
        ++at_;
    }

private:
    kept_value<In> of_;  // the range may refer to it
    context message_;    // but its turn may be over
    R range_;
    decltype(std::begin(std::declval<R&>())) at_;
    decltype(std::end(std::declval<R&>())) end_;
};

/// How many values a range always has; 0 if it depends.
template <class R>
inline constexpr std::size_t fixed_size = 0;
template <class T, std::size_t N>
inline constexpr std::size_t fixed_size<std::array<T, N>> = N;

/// Calls `f` and passes on the values of its range. What is not in the first piece stays here until
/// the message is finished or undone.
template <class F, class In, class Out, bool Whole>
class flat_map_step {
    using R = decltype(call(std::declval<F&>(), std::declval<const In&>()));
    using from_range = range_values<Out, In, R>;
    using values = std::conditional_t<Whole, batch_values<In>, from_range>;
    static constexpr std::size_t few = 64;
    static constexpr bool has_few =
        fixed_size<std::decay_t<R>> > 0 && fixed_size<std::decay_t<R>> <= few;

public:
    explicit flat_map_step(F f) : f_(std::move(f)) {}

    void operator()(context& c, auto&& v, auto&& next) {
        using V = decltype(v);
        constexpr bool can_stay = std::is_lvalue_reference_v<V> || std::is_move_constructible_v<In>;
        constexpr bool pieces_behind = std::decay_t<decltype(next)>::in_pieces;
        while (more()) resume(c, next);  // an operator before it has not waited
        if constexpr (!Whole && (!can_stay || (has_few && !pieces_behind))) {
            auto&& all = call(f_, std::as_const(v));
            c.now.passes(fixed_size<std::decay_t<R>>);
            for (auto&& x : all) next(from_range::element(x));
        } else {
            auto& all = rest_.is.emplace(c, std::forward<V>(v), f_);
            if constexpr (!pieces_behind && requires { all.left(); })
                if (c.now.fit(all.left())) return pass_all(c, next);
            pass_piece(c, next);
        }
    }
    bool more() const { return rest_.is.has_value(); }
    void resume(context& c, auto&& next) { pass_piece(c, next); }
    void undo() { rest_.is.reset(); }

private:
    void pass_all(context& c, auto& next) {
        while (!rest_.is->ended()) rest_.is->pass(c.now, next);
        rest_.is.reset();
    }
    void pass_piece(context& c, auto& next) {
        auto& rest = *rest_.is;
        while (!rest.ended()) {
            rest.pass(c.now, next);
            if (next.more() || c.now.piece_ends()) break;
        }
        if (rest.ended()) rest_.is.reset();
    }

    F f_;
    stays<values> rest_{};
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
    template <class, class In>
    auto make_step(plan&) const {
        return flat_map_step<F, In, out<In>, whole<In>>{f};
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
/// Holds    the range of the message in work. A range of more than 1024 values is passed on in
///          pieces of at most 1024 values and 20 ms; other agents go on between them
/// Errors   what `f` or its range throws: the agent's `on_error`. Nothing of the message was sent
///          then, except for earlier pieces
/// Cost     the call; values of a container that is returned by value are moved, others copied
/// Example  samples/operators/flat_map.cpp    Page docs/operators/flat_map.md
inline constexpr detail::flat_map_fn flat_map{};

}  // namespace weir
