// SPDX-License-Identifier: Apache-2.0
// A chain: an operator and what follows it, nested so that everything between two boundaries inlines.
#pragma once
#include <type_traits>
#include <utility>

#include <weir/graph/segment.hpp>

namespace weir::detail {

/// std::invoke without <functional>: callables, and members of a value.
template <class F, class Arg>
constexpr decltype(auto) call(F& f, Arg&& arg) {
    if constexpr (std::is_member_object_pointer_v<F>)
        return (std::forward<Arg>(arg).*f);
    else if constexpr (std::is_member_function_pointer_v<F>)
        return (std::forward<Arg>(arg).*f)();
    else
        return f(std::forward<Arg>(arg));
}
/// With one argument more.
template <class F, class Arg, class More>
constexpr decltype(auto) call(F& f, Arg&& arg, More&& more) {
    if constexpr (std::is_member_function_pointer_v<F>)
        return (std::forward<Arg>(arg).*f)(std::forward<More>(more));
    else
        return f(std::forward<Arg>(arg), std::forward<More>(more));
}

/// What follows an operator: called with a value, any number of times. A value that is an lvalue
/// lives until its message is finished; anything shorter-lived is handed on as an rvalue.
template <class Next>
struct onward {
    context& at;
    Next& next;
    void operator()(auto&& v) const { next.push(at, std::forward<decltype(v)>(v)); }
    /// A value with an origin of its own (an element of a batch).
    void operator()(context& its, auto&& v) const { next.push(its, std::forward<decltype(v)>(v)); }
};

/// One operator and the chain behind it. An operator is called as `op(context, value, next)` and
/// may have
///   keep(context)  the message went through the whole chain: make its effects real (send, wake,
///   cut a batch) undo()         it threw: forget them
///   state          has keep() and undo(): called when the message is finished, when it fails
///   full()         a message is parked in it (an operator that sends and goes on)
///   needs_message  it looks at the message behind the value, so a boundary before it keeps key,
///   headers, timestamp
template <class Op, class Next>
struct step {
    Op op;
    Next next;

    static constexpr bool needs_message = [] {
        if constexpr (requires { Op::needs_message; }) return Op::needs_message || Next::needs_message;
        else return Next::needs_message;
    }();

    void push(context& c, auto&& v) { op(c, std::forward<decltype(v)>(v), onward<Next>{c, next}); }
    void apply(context& c) {
        if constexpr (requires { op.apply(c); }) op.apply(c);
        next.apply(c);
    }
    void finish() {
        if constexpr (requires { op.state.finish(); }) op.state.finish();
        next.finish();
    }
    void undo() {
        if constexpr (requires { op.undo(); }) op.undo();
        if constexpr (requires { op.state.undo(); }) op.state.undo();
        next.undo();
    }
    bool full() {
        if constexpr (requires { op.full(); })
            if (op.full()) return true;
        return next.full();
    }
    void check() { next.check(); }
    sink_occupancy* shared_occupancy() { return next.shared_occupancy(); }
};

/// The last of a chain has `push(context, value)` in place of `operator()`; the rest is here for
/// those that need it.
struct sink {
    static constexpr bool needs_message = false;
    void apply(context&) {}
    void finish() {}
    void undo() {}
    bool full() { return false; }
    void check() {}
    sink_occupancy* shared_occupancy() { return nullptr; }  // not null: other chains end here, too
};

}  // namespace weir::detail
