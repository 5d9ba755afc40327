// SPDX-License-Identifier: Apache-2.0
// says: weir: f would change the stream's value or move out of it, and a value is constant
// names: f_leaves_constant<.*, int>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::for_each([](int& i) { ++i; }));
}
