// SPDX-License-Identifier: Apache-2.0
// says: weir: a & b: one of them has ended in a sink (for_each, to): nothing comes out of it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto print = weir::for_each([](int) {});
    app.agent("x", (app.topic<int>("a") | print) & (app.topic<int>("b") | print));
}
