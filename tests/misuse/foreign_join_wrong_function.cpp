// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, key, t2, f): key cannot be called with a value of the first
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent(
        "x", weir::join(
                 a, [](const std::string& s) { return s; }, b, [](int n, int m) { return n + m; }) |
                 weir::for_each([](const auto&) {}));
}
