// SPDX-License-Identifier: Apache-2.0
// says: weir: the stream's key is not of the table's key type, so they never match: put group_by
#include <weir/weir.hpp>

#include <optional>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x", app.topic<std::optional<int>, int>("t") |
                       weir::join(names, [](int, const std::string& s) { return s; }));
}
