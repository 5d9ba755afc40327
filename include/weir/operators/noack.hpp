// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <string>
#include <utility>

#include <weir/event.hpp>
#include <weir/graph/pipeline.hpp>

namespace weir {
namespace detail {

struct noack_op {
    using weir_operator = void;
    static constexpr bool keeps_element = true;
    static constexpr bool unacks = true;
    template <class In>
    using out = In;
    template <class, class V>
    static consteval bool check() {
        static_assert(is_event<V>, "weir: noack() is for events: put events() before it");
        return true;
    }

    std::string describe() const { return "noack"; }
    void operator()(context&, auto&& v, auto&& next) {
        event_access::of(v)->by_hand_only();
        next(std::forward<decltype(v)>(v));
    }
};
struct noack_fn {
    noack_op operator()() const { return {}; }
};

}  // namespace detail

/// A message is acknowledged only by `ack()` of its event or of a hold. Without it no commit passes
/// the message, and it comes again after a restart.
///
///     in   --e--e--e--|
///     out  --e--e--e--|          noack()
///
/// Shape    stream<K, event<K, V>> -> the same; up to the body an element has to stay an event
/// Order    kept
/// Acks     by `ack()` only. A value that a `filter` drops, before or behind it, is acknowledged,
///          since no body sees it. So is a message that a policy skips
/// Holds    a message until `ack()`. If the last copy and hold are destroyed without it, no commit
///          passes the message
/// Errors   none of its own
/// Cost     one hold for each message that is kept
/// Example  samples/operators/noack.cpp    Page docs/operators/noack.md    After Faust
///          Stream.noack
inline constexpr detail::noack_fn noack{};

}  // namespace weir
