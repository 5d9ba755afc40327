// SPDX-License-Identifier: Apache-2.0
// says: weir: operators are applied to a stream, one after another: begin with one
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto positive = weir::filter([](int i) { return i > 0; });
    app.agent("x", positive | weir::map([](int i) { return -i; }));
}
