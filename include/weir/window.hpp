// SPDX-License-Identifier: Apache-2.0
// Which windows there are, and which of them a timestamp belongs to.
#pragma once
#include <chrono>
#include <string>

#include <weir/error.hpp>
#include <weir/fwd.hpp>

namespace weir {

/// How long a window waits for messages that are late, after its end.
struct grace {
    explicit grace(std::chrono::milliseconds d) : time(d) {
        if (d.count() < 0) throw setup_error{"weir: grace(d): d must not be negative"};
    }
    std::chrono::milliseconds time;
};

struct window_options {
    /// After so long without a message, at the end of the log, time goes on with the app's clock,
    /// so that windows close. 0: never.
    duration idle{};
    /// A topic for messages that come too late for a window. Empty: they are counted and told to
    /// hooks.
    std::string late{};
    /// Moves the windows' starts, which are multiples of their advance since the epoch.
    std::chrono::milliseconds offset{};
};

/// The option of `window` that passes on each change of a window, in place of one result when it
/// closes.
struct on_update_t {};
inline constexpr on_update_t on_update{};

namespace detail {

/// Tumbling and hopping windows: [start, start + size), where starts are multiples of `advance`,
/// plus the offset, and none is negative.
struct fixed_windows {
    std::chrono::milliseconds size, advance;
    std::chrono::milliseconds offset{};

    /// Calls `f(start, end)` for each window that `t` belongs to, from the first to the last.
    template <class F>
    void each(timestamp t, F f) const {
        const auto since = t.time_since_epoch() - offset;
        auto into = since % advance;
        if (into.count() < 0) into += advance;
        const auto last = t - into;  // the last start at `t` or before
        const auto left = size - into - std::chrono::milliseconds{1};
        for (auto start = last - left / advance * advance; start <= last; start += advance)
            if (start.time_since_epoch().count() >= 0) f(start, start + size);
    }
    std::string text() const;
    void move_by(std::chrono::milliseconds d) { offset = d; }
    /// What closes at `t` ends so long before it, or earlier.
    std::chrono::milliseconds closes_after() const { return {}; }
};

/// Sessions end when `gap` has passed without a message: one that comes at the gap belongs to them.
struct session_windows {
    std::chrono::milliseconds gap;

    std::string text() const;
    void move_by(std::chrono::milliseconds) const {}  // a session starts with its first message
    std::chrono::milliseconds closes_after() const { return gap + std::chrono::milliseconds{1}; }
};

}  // namespace detail

/// Windows one behind the other: a message belongs to one of them.
detail::fixed_windows tumbling(std::chrono::milliseconds size);
/// Windows of this size, one in each `advance`: a message belongs to several of them.
detail::fixed_windows hopping(std::chrono::milliseconds size, std::chrono::milliseconds advance);
/// The messages of a key, as long as one follows the other within `gap`.
detail::session_windows session(std::chrono::milliseconds gap);

}  // namespace weir
