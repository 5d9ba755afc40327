// SPDX-License-Identifier: Apache-2.0
// says: weir: a const field cannot be decoded: make it not const
// names: price
#include <weir/weir.hpp>

struct order {
    const double price = 0;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
