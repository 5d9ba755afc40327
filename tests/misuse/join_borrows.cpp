// SPDX-License-Identifier: Apache-2.0
// says: weir: a join's f returns a view, and what it looks at in the table may change before
#include <weir/weir.hpp>

#include <string_view>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::join(names,
                                  [](int, const std::string& s) -> std::string_view { return s; }));
}
