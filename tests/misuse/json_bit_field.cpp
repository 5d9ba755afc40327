// SPDX-License-Identifier: Apache-2.0
// says: weir: an aggregate with a bit-field has no JSON form: make it an integer of its own
// names: order
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id;
    unsigned state : 3;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
