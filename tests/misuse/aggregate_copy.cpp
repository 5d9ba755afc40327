// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f): f returns nothing and takes the table's value as
// names: changes_a_copy<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("in") |
                       weir::aggregate(sums, [](int sum, int n) { sum += n; }));
}
