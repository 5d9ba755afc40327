// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f): f cannot be called with the table's value and the stream's
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::aggregate(sums, [](int& sum, int& i) { sum += i++; }));
}
