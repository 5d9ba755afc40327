// SPDX-License-Identifier: Apache-2.0
// says: weir: reduce(table, add, subtract) stands behind a table that is grouped, t.changes() |
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto n = app.table<std::string, int>("n");
    const auto add = [](int a, int b) { return a + b; };
    app.agent("x", app.topic<std::string, int>("t") | weir::reduce(n, add, add));
}
