// SPDX-License-Identifier: Apache-2.0
// The pipelines of windows. Where the original passes on each change and a final result, there are
// two of them, which send to two topics.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

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

string mean(const string& of);

/// Sends what becomes of the input to a topic. Its agent has the topic's name.
void send(weir::app& app, const string& to, const auto& window, const auto& aggregation,
          bool is_mean = false) {
    app.agent(to, input(app) | window | aggregation | weir::map([is_mean](const auto& v) {
                      const auto all = as_text(v);
                      return is_mean ? text{mean(*all)} : all;
                  }) | weir::to(to));
}

[[noreturn]] void no_aggregation(const scenario& s) {
    throw std::runtime_error{s.id + ": add what it aggregates to windows.cpp"};
}

// ---- tumbling and hopping ----------------------------------------------------------------------

/// The larger one, the smaller one or the sum of two numbers.
string both(const string& what, const string& a, const string& b) {
    const auto x = std::stoll(a), y = std::stoll(b);
    return std::to_string(what == "sum" ? x + y : what == "min" ? std::min(x, y) : std::max(x, y));
}
/// "[1,2]" and "3" are "[1,2,3]".
void add_to_list(string& all, const string& v) {
    all.pop_back();
    all += (all == "[" ? "" : ",") + v + "]";
}
void append(string& all, const string& v) { all += "+" + v; }
/// Of the sum and the number of the values, and one more.
void add_to_mean(string& all, const string& v) {
    const auto end = all.find('/');
    all = both("sum", all.substr(0, end), v) + "/" + both("sum", all.substr(end + 1), "1");
}
string mean(const string& all) {
    const auto tenths = std::stoll(all) * 10 / std::stoll(all.substr(all.find('/') + 1));
    return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void fill_fixed(weir::app& app, const scenario& s, const string& to, const auto& window) {
    const auto what = s.params.aggregate;
    if (what == "count")
        return send(app, to, window, weir::count(app.table<window_key, std::int64_t>(to)));
    if (what == "sum" || what == "min" || what == "max")
        return send(app, to, window,
                    weir::reduce(app.table<window_key, string>(to),
                                 [what](auto& a, auto& b) { return both(what, a, b); }));
    using fold = std::pair<string, void (*)(string&, const string&)>;
    static const std::map<string, fold> folds{{"aggregate", {"0", append}},
                                              {"collect", {"[]", add_to_list}},
                                              {"mean", {"0/0", add_to_mean}},
                                              {"reduce", {"[]", add_to_list}}};
    const auto found = folds.find(what);
    if (found == folds.end()) no_aggregation(s);
    const auto& [init, f] = found->second;
    send(app, to, window, weir::aggregate(app.table<window_key, string>(to, {.init = init}), f),
         what == "mean");
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
