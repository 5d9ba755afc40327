// SPDX-License-Identifier: Apache-2.0
// says: weir: app.timer(interval, f): the interval has a unit: app.timer(1s, f)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.timer(1, [] {});
}
