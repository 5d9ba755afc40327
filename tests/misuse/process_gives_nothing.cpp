// SPDX-License-Identifier: Apache-2.0
// says: weir: process(p): p returns nothing that could go on
// names: f_returns<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::process([](int) {}));
}
