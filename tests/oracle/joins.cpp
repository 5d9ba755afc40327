// SPDX-License-Identifier: Apache-2.0
// The pipelines of joins.
#include <chrono>
#include <string>

#include "scenario.hpp"

namespace oracle {
namespace {

using std::string;
using std::chrono::milliseconds;

/// "A-a"; the side that is missing is "null".
string joined(const string* left, const string* right) {
    return (left ? *left : "null") + '-' + (right ? *right : "null");
}

void streams(weir::app& app, const scenario& s) {
    const auto& p = s.params;
    const auto left = app.topic<text, text>("left");
    const auto right = p.self ? left : app.topic<text, text>("right");
    const weir::within within{milliseconds{p.before_ms}, milliseconds{p.after_ms}};
    const weir::grace grace{milliseconds{p.grace_ms}};
    if (p.kind == "inner")
        app.agent("j",
                  left | weir::join(right, within, grace, [](const string& l, const string& r) {
                      return joined(&l, &r);
                  }) | weir::to("out"));
    else if (p.kind == "left")
        app.agent(
            "j", left | weir::left_join(right, within, grace, [](const string& l, const string* r) {
                     return joined(&l, r);
                 }) | weir::to("out"));
    else app.agent("j", left | weir::outer_join(right, within, grace, joined) | weir::to("out"));
}

void tables(weir::app& app, const scenario& s) {
    const auto left = app.table(app.topic<string, text>("left"));
    const auto right = app.table(app.topic<string, text>("right"));
    if (s.params.kind == "inner")
        app.agent("j", weir::join(left, right, [](const string& l, const string& r) {
                           return joined(&l, &r);
                       }) | weir::to("out"));
    else if (s.params.kind == "left")
        app.agent("j", weir::left_join(left, right, [](const string& l, const string* r) {
                           return joined(&l, r);
                       }) | weir::to("out"));
    else app.agent("j", weir::outer_join(left, right, joined) | weir::to("out"));
}

}  // namespace

const by_operator& of_joins() {
    static const by_operator all{{"stream-stream-join", streams}, {"table-table-join", tables}};
    return all;
}

}  // namespace oracle
