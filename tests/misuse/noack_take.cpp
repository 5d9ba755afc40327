// SPDX-License-Identifier: Apache-2.0
// says: weir: behind noack() an element has to stay an event
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto a = app.topic<int>("a"), b = app.topic<int>("b");
    app.agent("x", ((a | weir::events() | weir::noack()) & (b | weir::events())) | weir::take(3));
}
