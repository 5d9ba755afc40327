// SPDX-License-Identifier: Apache-2.0
// says: weir: a | join(b, …): the two streams have keys of different types
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<std::string, int>("a");
    auto b = app.topic<int, int>("b");
    app.agent("x", a | weir::join(b, weir::within(1s), weir::grace(0s),
                                  [](const int& l, const int& r) { return l + r; }));
}
