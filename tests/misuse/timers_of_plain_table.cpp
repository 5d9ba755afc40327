// SPDX-License-Identifier: Apache-2.0
// says: weir: timers(table, f): this table has no timers: declare it as app.table<K
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto t = app.table<std::string, int>("t");
    app.agent("x", in | weir::timers(t, [](const std::string&, int&, auto&) {}));
}
