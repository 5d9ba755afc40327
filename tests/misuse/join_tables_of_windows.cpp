// SPDX-License-Identifier: Apache-2.0
// says: weir: a table of windows cannot be joined: its rows go when their windows close; join
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto b = app.table<weir::windowed<std::string>, int>("b");
    app.agent("x", weir::join(b, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
