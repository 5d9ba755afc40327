// SPDX-License-Identifier: Apache-2.0
// says: weir: the weir::codec of this field's type lacks decode(bytes_view, T&)
// names: price
#include <weir/weir.hpp>

#include <string>

struct money {
    long cents = 0;
};
template <>
struct weir::codec<money> {
    static money decode(const char*);
    static void encode(const money&, std::string&);
};
struct order {
    money price;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
