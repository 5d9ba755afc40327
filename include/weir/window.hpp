// SPDX-License-Identifier: Apache-2.0
// Which windows there are, and which of them a timestamp belongs to.
#pragma once
#include <algorithm>
#include <chrono>
#include <numeric>
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

    /// `t`, down to a multiple of `of` and the offset.
    timestamp floor(timestamp t, std::chrono::milliseconds of) const {
        auto into = (t.time_since_epoch() - offset) % of;
        if (into.count() < 0) into += of;
        return t - into;
    }

    /// Calls `f(start, end)` for each window that `t` belongs to, from the first to the last.
    template <class F>
    void each(timestamp t, F f) const {
        const auto last = floor(t, advance);  // the last start at `t` or before
        const auto left = size - (t - last) - std::chrono::milliseconds{1};
        for (auto start = last - left / advance * advance; start <= last; start += advance)
            if (start.time_since_epoch().count() >= 0) f(start, start + size);
    }
    /// The first of those ends behind `t`.
    timestamp first_end_behind(timestamp t) const {
        const auto start = floor(t - size, advance) + advance;
        const auto first = floor(timestamp{advance - std::chrono::milliseconds{1}}, advance);
        return std::max(start, first) + size;
    }
    /// A window is made of panes of this width, and a pane is in a window as a whole.
    std::chrono::milliseconds pane() const {
        return std::chrono::milliseconds{std::gcd(size.count(), advance.count())};
    }
    timestamp pane_of(timestamp t) const { return floor(t, pane()); }

    std::string text() const;
    void move_by(std::chrono::milliseconds d) { offset = d; }
    void describe(auto& settings) const { settings.fixed = *this; }
    /// What closes at `t` ends so long before it, or earlier.
    std::chrono::milliseconds closes_after() const { return {}; }
};

/// Sessions end when `gap` has passed without a message: one that comes at the gap belongs to them.
struct session_windows {
    std::chrono::milliseconds gap;

    std::string text() const;
    void move_by(std::chrono::milliseconds) const {}  // a session starts with its first message
    void describe(auto& settings) const { settings.gap = gap; }
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
