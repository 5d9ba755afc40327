// SPDX-License-Identifier: Apache-2.0
// The pipelines of windows. Where the original passes on each change and a final result, there are
// two of them, which send to two topics.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>

#include "scenario.hpp"

namespace oracle {
namespace {

using std::string;
using std::chrono::milliseconds;
using window_key = weir::windowed<string>;

weir::topic<string, string> input(weir::app& app) { return app.topic<string, string>("in"); }

text as_text(std::int64_t n) { return std::to_string(n); }
text as_text(const string& s) { return s; }
template <class T>
text as_text(const std::optional<T>& v) {
    return v ? as_text(*v) : text{};
}

/// Sends what becomes of the input to a topic. Its agent has the topic's name.
void send(weir::app& app, const string& to, const auto& window, const auto& aggregation) {
    app.agent(to, input(app) | window | aggregation |
                      weir::map([](const auto& v) { return as_text(v); }) | weir::to(to));
}

[[noreturn]] void no_aggregation(const scenario& s) {
    throw std::runtime_error{s.id + ": add what it aggregates to windows.cpp"};
}

// ---- tumbling and hopping ----------------------------------------------------------------------

/// A mean, and what it is made of.
struct average {
    std::int64_t sum = 0, count = 0;
};
text as_text(const average& a) {
    const auto tenths = a.sum * 10 / a.count;
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

/// The larger one, the smaller one or the sum of two numbers.
string both(const string& what, const string& a, const string& b) {
    const auto x = std::stoll(a), y = std::stoll(b);
    return std::to_string(what == "sum" ? x + y : what == "min" ? std::min(x, y) : std::max(x, y));
}

void fill_fixed(weir::app& app, const scenario& s, const string& to, const auto& window) {
    const auto what = s.params.aggregate;
    if (what == "count") {
        send(app, to, window, weir::count(app.table<window_key, std::int64_t>(to)));
    } else if (what == "aggregate") {
        send(app, to, window,
             weir::aggregate(app.table<window_key, string>(to, {.init = "0"}),
                             [](string& all, const string& v) { all += "+" + v; }));
    } else if (what == "sum" || what == "min" || what == "max") {
        send(app, to, window,
             weir::reduce(app.table<window_key, string>(to),
                          [what](const string& a, const string& b) { return both(what, a, b); }));
    } else if (what == "collect" || what == "reduce") {  // a list, in both cases
        send(app, to, window,
             weir::aggregate(app.table<window_key, string>(to, {.init = "[]"}),
                             [](string& all, const string& v) {
                                 all.pop_back();
                                 all += (all == "[" ? "" : ",") + v + "]";
                             }));
    } else if (what == "mean") {
        send(app, to, window,
             weir::aggregate(app.table<window_key, average>(to), [](average& a, const string& v) {
                 a.sum += std::stoll(v);
                 ++a.count;
             }));
    } else {
        no_aggregation(s);
    }
}

void close_fixed(weir::app& app, const scenario& s, const string& to) {
    auto& p = s.params;
    fill_fixed(app, s, to,
               weir::window(weir::hopping(milliseconds{p.size_ms}, milliseconds{p.advance_ms}),
                            weir::grace(milliseconds{p.grace_ms})));
}
void update_fixed(weir::app& app, const scenario& s, const string& to) {
    auto& p = s.params;
    fill_fixed(app, s, to,
               weir::window(weir::hopping(milliseconds{p.size_ms}, milliseconds{p.advance_ms}),
                            weir::grace(milliseconds{p.grace_ms}), weir::on_update));
}

void fixed(weir::app& app, const scenario& s) {
    s.params.emit == "close" ? close_fixed(app, s, "out") : update_fixed(app, s, "out");
}

/// `current` emits no lists.
void quix(weir::app& app, const scenario& s) {
    close_fixed(app, s, "expired");
    if (s.params.aggregate != "collect") update_fixed(app, s, "updated");
}

/// A suppressed result is that of the closed window.
void suppress(weir::app& app, const scenario& s) {
    if (s.id != "suppress-final-tumbling") no_aggregation(s);
    auto with = s;
    with.params = {.size_ms = 2, .advance_ms = 2, .grace_ms = 1, .aggregate = "count"};
    update_fixed(app, with, "raw");
    close_fixed(app, with, "suppressed");
}

// ---- sessions ----------------------------------------------------------------------------------

void fill_sessions(weir::app& app, const scenario& s, const auto& window) {
    const auto append = [](string& all, const string& v) { all += v; };
    if (s.params.aggregate == "count")
        send(app, "out", window,
             weir::count(app.table<string, weir::sessions<std::int64_t>>("counts")));
    else if (s.params.aggregate == "aggregate")
        send(app, "out", window,
             weir::aggregate(app.table<string, weir::sessions<string>>("all"), append, append));
    else no_aggregation(s);
}

void sessions(weir::app& app, const scenario& s) {
    const auto windows = weir::session(milliseconds{s.params.gap_ms});
    const weir::grace grace{milliseconds{s.params.grace_ms}};
    if (s.params.emit == "close") fill_sessions(app, s, weir::window(windows, grace));
    else fill_sessions(app, s, weir::window(windows, grace, weir::on_update));
}

}  // namespace

const by_operator& of_windows() {
    static const by_operator all{
        {"hopping-window", fixed}, {"quix-time-window", quix}, {"session-window", sessions},
        {"suppress", suppress},    {"tumbling-window", fixed},
    };
    return all;
}

}  // namespace oracle
