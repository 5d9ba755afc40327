// SPDX-License-Identifier: Apache-2.0
// says: weir: a key or a value is decoded in a place that is used again: give its type a default
#include <weir/weir.hpp>

class money {
public:
    explicit money(long cents) : cents_(cents) {}
    long cents() const { return cents_; }

private:
    long cents_;
};
template <>
struct weir::codec<money> {
    static money decode(weir::bytes_view) { return money{0}; }
    static void encode(const money&, weir::bytes&) {}
};

int main() {
    weir::app app{"a"};
    app.topic<money>("t");
}
