// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

/// The state that is kept, and those that the message in work has made of it: each stays where it
/// is until that message is finished, so it is handed on as an lvalue. Places are used again.
template <class S>
class scan_state {
public:
    explicit scan_state(const S& init) : kept_(init), first_(init) {}

    const S& last() const { return made_ == 0 ? kept_ : made_ == 1 ? first_ : more_[made_ - 2]; }
    const S& add(S next) {
        const auto at = made_++;
        if (at == 0) return first_ = std::move(next);
        if (at > more_.size()) return more_.emplace_back(std::move(next));
        return more_[at - 1] = std::move(next);
    }
    void keep() {
        if (made_ == 0) return;
        std::swap(kept_, made_ == 1 ? first_ : more_[made_ - 2]);
        made_ = 0;
    }
    void undo() { made_ = 0; }

private:
    S kept_, first_;
    std::deque<S> more_;  // of a message that has several values
    std::size_t made_ = 0;
};

/// Whether an `R` may be the next state: not where a number would lose something on its way.
template <class R, class S>
concept next_state =
    std::is_convertible_v<R, S> &&
    (!std::is_arithmetic_v<R> || !std::is_arithmetic_v<S> || requires(R r) { S{r}; });

template <class S, class F>
struct scan_op {
    using weir_operator = void;
    template <class>
    using out = S;
    template <class In>
    static constexpr bool fits = requires(F& f, const S& s, const In& v) {
        requires next_state<std::decay_t<decltype(detail::call(f, s, v))>, S>;
    };
    F f;
    scan_state<S> state;

    std::string describe() const { return "scan"; }
    void operator()(context&, auto&& v, auto&& next) {
        constexpr bool right = fits<std::decay_t<decltype(v)>>;
        static_assert(right,
                      "weir: scan(init, f): f(const state&, const value&) must give the next "
                      "state, of init's own type (say 0.0 in place of 0, std::string{} in place of "
                      "\"\")");
        if constexpr (right) next(state.add(detail::call(f, state.last(), std::as_const(v))));
    }
};
struct scan_fn {
    template <class S, class F>
    scan_op<S, F> operator()(S init, F f) const {
        return {std::move(f), scan_state<S>{init}};
    }
};

}  // namespace detail

/// Passes on what `f` makes of the last state and a value: a running sum, the largest so far.
/// `f(const S&, const V&)` returns the next state and leaves the last one alone, so taking it back
/// costs no copy.
///
///     in   --1-2-3--|
///     out  --1-3-6--|          scan(0, std::plus{})
///
/// Shape    stream<K, V> -> stream<K, S>
/// Order    kept
/// Acks     as without it
/// Holds    one state for each running stream, whatever the partition; a new run begins with `init`
/// Errors   what `f` throws: the agent's `on_error`. A message that fails has not changed the
///          state.
/// Cost     the call; no copy of a state, no allocation but `f`'s own
/// Example  samples/operators/scan.cpp    Page docs/operators/scan.md
inline constexpr detail::scan_fn scan{};

}  // namespace weir
