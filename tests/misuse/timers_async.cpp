// SPDX-License-Identifier: Apache-2.0
// says: weir: timers(table, f): f gives a task, which nobody would await
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto in = app.topic<std::string, int>("in");
    auto t = app.table<std::string, weir::timed<int>>("t");
    app.agent("x",
              in | weir::timers(t, [](const std::string&, int&) -> weir::task<> { co_return; }));
}
