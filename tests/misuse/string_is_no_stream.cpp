// SPDX-License-Identifier: Apache-2.0
// says: weir: a name is no stream: app.topic<order>("orders") | map(f)
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const std::string orders = "orders";
    app.agent("x", orders | weir::map([](int i) { return -i; }));
}
