// SPDX-License-Identifier: Apache-2.0
// says: weir: map(f): f is called with the stream's value, f(const V&), and gives the next one
#include <weir/weir.hpp>

struct order {
    double price = 0;
};

int main() {
    weir::app app{"a"};
    const auto dearer = [](order& o) { return o.price *= 2, o; };
    app.agent("x", app.topic<order>("t") | weir::map(dearer));
}
