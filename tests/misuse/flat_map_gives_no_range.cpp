// SPDX-License-Identifier: Apache-2.0
// says: weir: flat_map(f): f is called with the stream's value, f(const V&), and gives a range
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::flat_map([](int i) { return 2 * i; }));
}
