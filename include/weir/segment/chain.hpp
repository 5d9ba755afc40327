// SPDX-License-Identifier: Apache-2.0
// A chain: an operator and what follows it as nested types, so that the compiler inlines everything
// between two boundaries.
#pragma once
#include <type_traits>
#include <utility>

#include <weir/segment/segment.hpp>

namespace weir::detail {

/// std::invoke without <functional>: callables, and members of a value.
template <class F, class Arg>
constexpr decltype(auto) call(F& f, Arg&& arg) {
    if constexpr (std::is_member_object_pointer_v<F>) return (std::forward<Arg>(arg).*f);
    else if constexpr (std::is_member_function_pointer_v<F>) return (std::forward<Arg>(arg).*f)();
    else return f(std::forward<Arg>(arg));
}
/// The same with one more argument.
template <class F, class Arg, class More>
constexpr decltype(auto) call(F& f, Arg&& arg, More&& more) {
    if constexpr (std::is_member_function_pointer_v<F>)
        return (std::forward<Arg>(arg).*f)(std::forward<More>(more));
    else return f(std::forward<Arg>(arg), std::forward<More>(more));
}

/// What an operator calls to pass on a value, any number of times. An lvalue has to live until its
/// message is finished; anything shorter-lived is passed on as an rvalue.
template <class Next>
struct onward {
    context& at;
    Next& next;
    void operator()(auto&& v) const { next.push(at, std::forward<decltype(v)>(v)); }
    /// Passes on a value that has an origin of its own: an element of a batch.
    void operator()(context& its, auto&& v) const { next.push(its, std::forward<decltype(v)>(v)); }

    static constexpr bool in_pieces = Next::in_pieces;
    /// An operator behind it has more of the last value. An operator that passes on pieces waits
    /// for it.
    bool more() const {
        if constexpr (in_pieces) return next.more();
        else return false;
    }
};

/// One operator and the chain behind it. The operator is called as `op(context, value, next)`. It
/// may have any of the following. docs/internals/operators.md says when each is called and what it
/// may do.
///
///     apply(context)          its effects become real
///     finish()                the message can't fail any more
///     undo()                  the message failed: everything it changed is taken back
///     assigned(tp)            the partition is read from now on
///     revoked(tp)             nothing more comes of the partition
///     full()                  it can't take another message now
///     more()                  it has not passed on everything of the current message
///     resume(context, next)   it passes on the next piece of that
///     needs                   the parts of a message that it reads: boundaries before it keep them
template <class Op, class Next>
struct step {
    Op op;
    Next next;

    static constexpr message_part needs = [] {
        if constexpr (requires { Op::needs; }) return Op::needs | Next::needs;
        else return Next::needs;
    }();

    /// Whether a message may be pushed in pieces.
    static constexpr bool in_pieces = Next::in_pieces || requires(Op& o) { o.more(); };

    void push(context& c, auto&& v) { op(c, std::forward<decltype(v)>(v), onward<Next>{c, next}); }
    bool more() {
        if constexpr (Next::in_pieces)
            if (next.more()) return true;
        if constexpr (requires { op.more(); }) return op.more();
        else return false;
    }
    /// The operator that is nearest to the sink goes first.
    void resume(context& c) {
        if constexpr (Next::in_pieces)
            if (next.more()) return next.resume(c);
        if constexpr (requires { op.more(); }) op.resume(c, onward<Next>{c, next});
    }
    void apply(context& c) {
        if constexpr (requires { op.apply(c); }) op.apply(c);
        next.apply(c);
    }
    void finish() {
        if constexpr (requires { op.finish(); }) op.finish();
        next.finish();
    }
    void undo() {
        if constexpr (requires { op.undo(); }) op.undo();
        next.undo();
    }
    void assigned(const topic_partition& tp) {
        if constexpr (requires { op.assigned(tp); }) op.assigned(tp);
        next.assigned(tp);
    }
    void revoked(const topic_partition& tp) {
        if constexpr (requires { op.revoked(tp); }) op.revoked(tp);
        next.revoked(tp);
    }
    bool full() {
        if constexpr (requires { op.full(); })
            if (op.full()) return true;
        return next.full();
    }
    void check() { next.check(); }
    sink_occupancy* shared_occupancy() { return next.shared_occupancy(); }
};

/// A chain ends in a sink, which has `push(context, value)` instead of `operator()`. The functions
/// here are defaults for sinks.
struct sink {
    static constexpr message_part needs = message_part::none;
    static constexpr bool in_pieces = false;
    void apply(context&) {}
    void finish() {}
    void undo() {}
    void assigned(const topic_partition&) {}
    void revoked(const topic_partition&) {}
    bool full() { return false; }
    /// Throws what the parked message threw.
    void check() {}
    /// Not null if other chains end in this sink, too.
    sink_occupancy* shared_occupancy() { return nullptr; }
};

}  // namespace weir::detail
