// SPDX-License-Identifier: Apache-2.0
// says: weir: scan(init, f): f(const state&, const value&) must give the next state, of init's own
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::scan(0, [](int& sum, int i) { sum += i; }));
}
