// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put the table before take
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) |
                       weir::reduce(sums, [](int a, int) { return a; }));
}
