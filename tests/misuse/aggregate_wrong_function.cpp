// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f): f cannot be called with the table's value and the stream's:
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x",
              app.topic<std::string, int>("t") | weir::aggregate(sums, [](int& sum) { ++sum; }));
}
