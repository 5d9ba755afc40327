// SPDX-License-Identifier: Apache-2.0
// says: weir: timers(table, f): f cannot be called with a key, the value of the
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto t = app.table<std::string, weir::timed<int>>("t");
    app.agent("x", in | weir::timers(t, [](int, int&, auto&) {}));
}
