// SPDX-License-Identifier: Apache-2.0
// says: weir: join(stream, within(…), grace(d), f): write grace(5s), not 5s alone
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<std::string, int>("a");
    app.agent("x", a | weir::join(a, weir::within(1s), 5s,
                                  [](const int& l, const int& r) { return l + r; }));
}
