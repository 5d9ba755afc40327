// SPDX-License-Identifier: Apache-2.0
// says: weir: map(f): f returns nothing that could go on
// names: f_returns<weir::task<
#include <weir/weir.hpp>

weir::task<> store(int) { co_return; }

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::map(store, {.concurrency = 8}));
}
