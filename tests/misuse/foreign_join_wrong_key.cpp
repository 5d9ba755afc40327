// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, key, t2, f): key gives no key of the second table: it returns
// names: f_returns<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::join(
                       a, [](int n) { return n; }, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
