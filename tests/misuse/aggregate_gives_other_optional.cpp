// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f): f must return the next value, of the table's type, or a
#include <weir/weir.hpp>

#include <optional>
#include <string>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") | weir::aggregate(sums, [](const int&, int) {
                       return std::optional<std::string>{};
                   }));
}
