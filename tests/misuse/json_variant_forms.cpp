// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON tells the alternatives of a std::variant apart by their form
// names: price
#include <weir/weir.hpp>

struct order {
    std::variant<int, double> price;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
