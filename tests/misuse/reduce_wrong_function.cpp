// SPDX-License-Identifier: Apache-2.0
// says: weir: reduce(table, f): f cannot be called with the last value and the stream's, f(const
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::reduce(sums, [](int& last, int) { return last; }));
}
