// SPDX-License-Identifier: Apache-2.0
// says: weir: reduce(table, f): f must return the next value, a V
// names: f_returns<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") | weir::reduce(sums, [](int, int) {}));
}
