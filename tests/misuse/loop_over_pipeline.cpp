// SPDX-License-Identifier: Apache-2.0
// says: weir: a stream is iterated by way of its app: for (auto& v : app.stream(orders
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto orders = app.topic<int>("orders");
    for (auto& order : orders | weir::filter([](int i) { return i > 0; })) return order;
}
