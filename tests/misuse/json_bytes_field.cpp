// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON has no bytes: make this field a std::string, which is text
// names: picture
#include <weir/weir.hpp>

struct order {
    weir::bytes picture;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
