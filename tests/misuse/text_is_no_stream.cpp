// SPDX-License-Identifier: Apache-2.0
// says: weir: a name is no stream: app.topic<order>("orders") | map(f)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", "orders" | weir::map([](int i) { return -i; }));
}
