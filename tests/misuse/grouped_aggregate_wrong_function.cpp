// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, add, subtract): both are called with the group's value and a row's:
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto t = app.table(app.topic<std::string, int>("t"));
    auto n = app.table<int, int>("n");
    const auto by = [](int v) { return v % 10; };
    app.agent("x",
              t.changes() | weir::group_by(by, "last") |
                  weir::aggregate(
                      n, [](int& s, int v) { s += v; }, [](int& s, const std::string&) { --s; }));
}
