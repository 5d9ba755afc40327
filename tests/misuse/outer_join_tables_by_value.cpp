// SPDX-License-Identifier: Apache-2.0
// says: weir: outer_join(t1, t2, f): f cannot be called with pointers to values of both tables,
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::outer_join(a, b, [](int n, const int*) { return n; }) |
                       weir::for_each([](const auto&) {}));
}
