// SPDX-License-Identifier: Apache-2.0
// says: weir: noack() is for events: put events() before it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::noack() | weir::for_each([](int) {}));
}
