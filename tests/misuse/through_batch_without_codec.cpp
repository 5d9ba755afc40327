// SPDX-License-Identifier: Apache-2.0
// says: weir: to(topic): this value has no codec: map it to bytes or a string
#include <weir/weir.hpp>

struct amount {
    int cents = 0;
};
template <>
struct weir::codec<amount> {
    static void decode(bytes_view, amount& into) { into.cents = 1; }
    static void encode(const amount&, bytes& onto) { onto.append("1"); }
};

int main() {
    weir::app app{"a"};
    // an array of it would be JSON, which it is not
    app.agent("x", app.topic<amount>("t") | weir::take(10) | weir::through("out"));
}
