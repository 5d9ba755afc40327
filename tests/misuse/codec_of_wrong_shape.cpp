// SPDX-License-Identifier: Apache-2.0
// says: weir: no codec for this type: make it an aggregate whose fields have one, or specialise
#include <weir/weir.hpp>

#include <string>

struct money {
    money() = default;
    long cents = 0;
};
template <>
struct weir::codec<money> {
    static money decode(const char*);
    static void encode(const money&, std::string&);
};

int main() {
    weir::app app{"a"};
    app.topic<money>("t");
}
