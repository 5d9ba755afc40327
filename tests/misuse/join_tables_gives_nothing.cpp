// SPDX-License-Identifier: Apache-2.0
// says: weir: the function of a join returns nothing to pass on
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::join(a, b, [](int, int) {}) | weir::for_each([](const auto&) {}));
}
