// SPDX-License-Identifier: Apache-2.0
// says: weir: an aggregate with a base class has no JSON form: make the base a field of it
// names: shipped
#include <weir/weir.hpp>

#include <string>

struct base {
    std::string id;
};
struct parcel : base {
    double weight = 0;
};
struct order {
    std::vector<parcel> shipped;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
