// SPDX-License-Identifier: Apache-2.0
// says: weir: for_each(f): f is called with the stream's value, f(const V&)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::for_each([](int& i) { ++i; }));
}
