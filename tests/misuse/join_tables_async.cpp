// SPDX-License-Identifier: Apache-2.0
// says: weir: the function of a join returns a value: what waits goes into map(f), behind the
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.table(app.topic<std::string, int>("b"));
    app.agent("x", weir::join(a, b, [](int n, int) -> weir::task<int> { co_return n; }) |
                       weir::for_each([](const auto&) {}));
}
