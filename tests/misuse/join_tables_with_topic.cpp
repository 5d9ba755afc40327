// SPDX-License-Identifier: Apache-2.0
// says: weir: join(t1, t2, f) joins two tables: app.table(topic) makes one of a topic, to_table
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.table(app.topic<std::string, int>("a"));
    auto b = app.topic<std::string, int>("b");
    app.agent("x", weir::join(a, b, [](int n, int m) { return n + m; }) |
                       weir::for_each([](const auto&) {}));
}
