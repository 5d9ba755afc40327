// SPDX-License-Identifier: Apache-2.0
// says: weir: f would change the stream's value or move out of it, and a value is constant
// names: f_leaves_constant<.*, order>
#include <weir/weir.hpp>

struct order {
    double price = 0;
};

int main() {
    weir::app app{"a"};
    const auto dearer = [](order& o) { return o.price *= 2, o; };
    app.agent("x", app.topic<order>("t") | weir::map(dearer));
}
