// SPDX-License-Identifier: Apache-2.0
// says: weir: map(f): f gives no value to pass on: tap(f) passes on what it was given
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::map([](int) {}));
}
