// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f): f must return
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::aggregate(
                           sums, [](int sum, int i) -> weir::task<int> { co_return sum + i; }));
}
