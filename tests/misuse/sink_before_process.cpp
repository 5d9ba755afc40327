// SPDX-License-Identifier: Apache-2.0
// says: weir: this pipeline has ended in a sink (for_each, to): nothing comes out of it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::for_each([](int) {}) |
                       weir::process([](int i) { return i; }));
}
