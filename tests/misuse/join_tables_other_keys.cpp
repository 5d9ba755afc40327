// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, t2, f): the two tables have keys of different types, so none would match
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<int, int>("b"));
    app.agent("x", weir::join(a, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
