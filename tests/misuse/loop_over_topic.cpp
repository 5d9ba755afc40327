// SPDX-License-Identifier: Apache-2.0
// says: weir: a stream is iterated by way of its app: for (auto& v : app.stream(orders
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    for (auto& order : app.topic<int>("orders")) return order;
}
