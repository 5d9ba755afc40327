// SPDX-License-Identifier: Apache-2.0
// says: weir: only a field of a plain aggregate has a name that can be found
#include <weir/weir.hpp>

#include <string>

struct base {
    std::string account;
};
struct order : base {
    double price = 0;
};
template <>
struct weir::codec<order> {
    static void decode(bytes_view, order&) {}
    static void encode(const order&, bytes&) {}
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::group_by(&order::price));
}
