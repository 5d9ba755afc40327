// SPDX-License-Identifier: Apache-2.0
// says: weir: the function of a join returns a view, and what it looks at is gone when somebody
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, std::string>("b"));
    app.agent("x", weir::join(a, b, [](int, const std::string& s) { return std::string_view{s}; }) |
                       weir::for_each([](const auto&) {}));
}
