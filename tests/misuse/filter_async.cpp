// SPDX-License-Identifier: Apache-2.0
// says: weir: filter(f): f gives a task, and filter awaits none
#include <weir/weir.hpp>

weir::task<bool> known(int i) { co_return i > 0; }

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::filter(known));
}
