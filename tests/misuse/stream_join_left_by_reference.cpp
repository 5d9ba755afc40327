// SPDX-License-Identifier: Apache-2.0
// says: weir: the function of a join is called with both values
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<std::string, int>("a");
    app.agent("x", a | weir::left_join(a, weir::within(1s), weir::grace(0s),
                                       [](const int& l, const int& r) { return l + r; }));
}
