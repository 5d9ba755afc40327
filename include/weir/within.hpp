// SPDX-License-Identifier: Apache-2.0
// How far the messages of two joined streams may be apart.
#pragma once
#include <chrono>
#include <string>

#include <weir/error.hpp>
#include <weir/fwd.hpp>

namespace weir {

/// A left message at t finds the right ones in [t - before, t + after]. Both ends belong to it.
struct within {
    /// The same to both sides.
    explicit within(std::chrono::milliseconds both) : within(both, both) {}
    within(std::chrono::milliseconds b, std::chrono::milliseconds a) : before(b), after(a) {
        if (b.count() < 0 || a.count() < 0)
            throw setup_error{"weir: within(before, after): neither may be negative"};
    }
    std::chrono::milliseconds before, after;
};

struct join_options {
    /// After so long without a message, at the end of the log, time goes on with the app's clock,
    /// so that what has found no match is passed on. 0: never.
    duration idle{};
    /// A topic for messages that come too late and find no match, where their side is not passed on
    /// without one. Empty: they are counted and told to hooks.
    std::string late{};
    /// How long one input waits for messages of the other that are still at the broker, since that
    /// one was heard of last.
    duration wait = std::chrono::seconds{1};
};

namespace detail {

/// What of two streams is passed on without a match: nothing, the left side, or both.
enum class join_kind : unsigned char { inner, left, outer };

constexpr bool passes_on_alone(join_kind k, bool left) {
    return k == join_kind::outer || (k == join_kind::left && left);
}

/// Which messages match, and how long one is held.
struct join_bounds {
    std::chrono::milliseconds before{}, after{}, grace{};

    /// A match of a held message is no later than so long after it.
    std::chrono::milliseconds reach(bool of_left) const { return of_left ? after : before; }
    /// At stream time `s`, messages of this side that are earlier have gone.
    timestamp first_held(bool of_left, timestamp s) const { return s - reach(of_left) - grace; }
    std::string text(join_kind) const;
};

}  // namespace detail
}  // namespace weir
