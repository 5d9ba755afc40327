// SPDX-License-Identifier: Apache-2.0
// says: weir: take(n, within): the limit of time has a unit: take(100, 10s)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::take(100, 10));
}
