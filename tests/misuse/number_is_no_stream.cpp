// SPDX-License-Identifier: Apache-2.0
// says: weir: what stands before | is not a stream: begin with one
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", 42 | weir::map([](int i) { return -i; }));
}
