// SPDX-License-Identifier: Apache-2.0
// says: weir: count(table): the table's values are numbers: app.table<K, std::int64_t>(…)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, bool>("seen");
    app.agent("x", app.topic<std::string, int>("t") | weir::count(seen));
}
