// SPDX-License-Identifier: Apache-2.0
// says: weir: scan(init, f): f cannot be called with the state and the stream's value
// names: f_can_be_called_with<
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::scan(0, [](int& sum, int i) { sum += i; }));
}
