// SPDX-License-Identifier: Apache-2.0
// says: weir: reduce(table, f): the table's values are of the stream's value type; aggregate makes
#include <weir/weir.hpp>

#include <functional>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, double>("sums");
    app.agent("x", app.topic<std::string, int>("t") | weir::reduce(sums, std::plus{}));
}
