// SPDX-License-Identifier: Apache-2.0
// says: weir: a stream is joined with a table by join(table, f): app.table(topic) makes one of a
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.topic<std::string, std::string>("names");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::join(names, [](int, const std::string& s) { return s; }));
}
