// SPDX-License-Identifier: Apache-2.0
// says: weir: an aggregate with a C array has no JSON form: make the array a std::array
// names: prices
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id;
    double prices[1];
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
