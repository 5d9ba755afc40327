// SPDX-License-Identifier: Apache-2.0
// What the tests of windows have in common: apps that count in windows.
#pragma once
#include "driven.hpp"

#include <algorithm>
#include <cstdint>
#include <stdexcept>
#include <utility>

using std::string;
using per_key = weir::windowed<string>;
inline weir::timestamp at(std::int64_t ms) {
    return weir::timestamp{std::chrono::milliseconds{ms}};
}
inline string ms(weir::timestamp t) { return std::to_string(t.time_since_epoch().count()); }

/// "a [0, 10) 3"
inline string text(const per_key& w, std::int64_t n) {
    return w.key + " [" + ms(w.start) + ", " + ms(w.end) + ") " + std::to_string(n);
}
inline string text(const auto& item) { return text(item.key(), item.value()); }
/// "a [0, 10] "
inline string text_of_session(const per_key& w) {
    return w.key + " [" + ms(w.start) + ", " + ms(w.end) + "] ";
}

/// Keeps what is late: "in@3 [0, 10) by 5".
struct lateness : silent {
    texts late_ones{};
    bool sessions = false;
    void late(const weir::late_value& v) override {
        late_ones.push_back(v.topic + '@' + std::to_string(v.offset) + " [" + ms(v.start) + ", " +
                            ms(v.end) + (sessions ? "] by " : ") by ") +
                            std::to_string(v.by / 1ms));
    }
};

/// `in | window | count(per) | events | for_each`: "a [0, 10) 3 @7".
template <class Window, class Table>
struct counts_in_windows {
    lateness hooks{};
    weir::app app;
    weir::topic<string, int> in;
    Table per;
    texts out{};
    static constexpr bool has_sessions = std::is_same_v<typename Table::key, string>;

    explicit counts_in_windows(Window w, weir::app_options o = {}, weir::partition_id n = 1)
        : app{"a", with(o)},
          in(app.topic<string, int>("in", {.partitions = n})),
          per(app.table<typename Table::key, typename Table::value>("per")) {
        hooks.sessions = has_sessions;
        app.agent("w",
                  in | w | weir::count(per) | weir::events() | weir::for_each([this](auto& e) {
                      const per_key& key = e.key();
                      out.push_back((has_sessions ? text_of_session(key) + std::to_string(e.value())
                                                  : text(key, e.value())) +
                                    " @" + ms(e.timestamp()));
                  }));
    }
    weir::app_options with(weir::app_options o) {
        o.hooks = &hooks;
        return o;
    }
    void send(test_driver& test, const string& key, std::int64_t time) {
        test.send(in, key, 1, {.timestamp = at(time)});
    }
};
template <class Window>
struct window_counts : counts_in_windows<Window, weir::table<per_key, std::int64_t>> {
    using counts_in_windows<Window, weir::table<per_key, std::int64_t>>::counts_in_windows;
};
template <class Window>
window_counts(Window, auto...) -> window_counts<Window>;
template <class Window>
struct session_counts
    : counts_in_windows<Window, weir::table<string, weir::sessions<std::int64_t>>> {
    using counts_in_windows<Window,
                            weir::table<string, weir::sessions<std::int64_t>>>::counts_in_windows;
};
template <class Window>
session_counts(Window, auto...) -> session_counts<Window>;
