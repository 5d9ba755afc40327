// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, t2, f): f cannot be called with a value of each table, f(const
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::join(a, b, [](int n, const std::string&) { return n; }) |
                       weir::for_each([](const auto&) {}));
}
