// SPDX-License-Identifier: Apache-2.0
// says: weir: join(stream, within(before, after), grace(d), f): say how long
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<std::string, int>("a");
    app.agent(
        "x", a | weir::join(a, weir::within(1s), [](const int& l, const int& r) { return l + r; }));
}
