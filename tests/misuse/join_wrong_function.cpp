// SPDX-License-Identifier: Apache-2.0
// says: weir: join(table, f): f cannot be called with the stream's value and the table's,
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::join(names, [](int, const std::string* s) { return *s; }));
}
