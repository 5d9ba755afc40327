// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, t2, f): a global table tells nobody what changes in it: make a table of
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.global_table(app.topic<std::string, int>("b"));
    app.agent("x", weir::join(a, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
