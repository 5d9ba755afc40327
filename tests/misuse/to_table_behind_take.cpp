// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put the table before take
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto last = app.table<std::string, int>("last");
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) | weir::to_table(last));
}
