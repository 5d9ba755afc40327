// SPDX-License-Identifier: Apache-2.0
// says: weir: left_join(t1, t2, f): f cannot be called with a value of the first table and a
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::left_join(a, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
