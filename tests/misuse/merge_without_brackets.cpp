// SPDX-License-Identifier: Apache-2.0
// says: weir: & binds tighter than |: put each branch in brackets, (a | f) & (b | g)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.topic<int>("a"), b = app.topic<int>("b");
    const auto f = weir::map([](int i) { return i; });
    app.agent("x", a | f & b | f);
}
