// SPDX-License-Identifier: Apache-2.0
// says: weir: a table with timers is changed by bodies, in tap(f) or process(f)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto t = app.table<std::string, weir::timed<int>>("t");
    app.agent("x", in | weir::to_table(t));
}
