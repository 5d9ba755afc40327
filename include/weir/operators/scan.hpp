// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
#include <deque>
#include <string>
#include <type_traits>
#include <utility>

#include <weir/graph/pipeline.hpp>
#include <weir/segment/state.hpp>

namespace weir {
namespace detail {

/// One partition's state: the last state, the state before the current message, and further ones if
/// that message has several values. None of them moves until the message is finished, so they are
/// passed on as lvalues. The objects are used again.
template <class S>
class scan_state {
public:
    explicit scan_state(const S& init) : last_(init), before_(init) {}

    /// `next` is called with the last state and returns the next one.
    template <class Next>
    const S& make(Next next) {
        if (made_ == 0) {
            // before anything changes: `next` may throw
            before_ = std::move(last_);
            made_ = 1;
            return last_ = next(std::as_const(before_));
        }
        const auto& from = made_ == 1 ? last_ : more_[made_ - 2];
        const auto at = made_ - 1;
        if (at == more_.size()) more_.push_back(next(from));
        else more_[at] = next(from);
        ++made_;
        return more_[at];
    }
    void finish() {
        if (made_ > 1) last_ = std::move(more_[made_ - 2]);
        made_ = 0;
    }
    void undo() {
        if (made_ > 0) last_ = std::move(before_);
        made_ = 0;
    }

private:
    S last_;
    std::size_t made_ = 0;
    std::deque<S> more_;  // if a message has several values
    S before_;            // apart from last_: loading both in one instruction is slow
};

template <class S, class F>
struct scan_op {
    using weir_operator = void;
    template <class>
    using out = S;
    template <class, class V>
    static consteval bool check() {
        static_assert(f_can_be_called_with<F, const S&, const V&>,
                      "weir: scan(init, f): f cannot be called with the state and the stream's "
                      "value, f(const S&, const V&), where S is the type of init");
        static_assert(f_returns<returned_by<F, const S&, const V&>, next_state_of<S>>,
                      "weir: scan(init, f): f must return the next state, of init's own type (say "
                      "0.0 in place of 0, std::string{} in place of \"\")");
        return true;
    }
    F f;
    per_partition<scan_state<S>> states;

    std::string describe() const { return "scan"; }
    void operator()(context& c, auto&& v, auto&& next) {
        const auto next_state = [&](const S& last) -> S {
            return detail::call(f, last, std::as_const(v));
        };
        next(states.of(c).make(next_state));
    }
    void finish() { states.finish(); }
    void undo() { states.undo(); }
    void assigned(const topic_partition& tp) { states.assigned(tp); }
    void revoked(const topic_partition& tp) { states.revoked(tp); }
};
struct scan_fn {
    template <class S, class F>
    scan_op<S, F> operator()(S init, F f) const {
        return {std::move(f), per_partition<scan_state<S>>{scan_state<S>{init}}};
    }
};

}  // namespace detail

/// Passes on `f(last state, value)`, which is the next state: a running sum, the largest so far.
/// `f(const S&, const V&)` does not change the last state, so undoing a message costs no copy.
///
///     in   --1-2-3--|
///     out  --1-3-6--|          scan(0, std::plus{})
///
/// Shape    stream<K, V> -> stream<K, S>
/// Order    kept
/// Acks     no change
/// Holds    one state for each partition. When a partition is assigned again, it begins with `init`
///          again, since its uncommitted messages come again. Values from no topic share one state
/// Errors   what `f` throws: the agent's `on_error`. A message that fails has not changed the
///          state.
/// Cost     the call; copies of `init` for each partition, and no other copy or allocation
/// Example  samples/operators/scan.cpp    Page docs/operators/scan.md
inline constexpr detail::scan_fn scan{};

}  // namespace weir
