// SPDX-License-Identifier: Apache-2.0
// says: weir: tap(f): f gives a task, which nobody would await
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::tap([](int) -> weir::task<> { co_return; }));
}
