// SPDX-License-Identifier: Apache-2.0
// says: weir: to_table(table): the table's values are of the stream's value type
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto last = app.table<std::string, double>("last");
    app.agent("x", app.topic<std::string, int>("t") | weir::to_table(last));
}
