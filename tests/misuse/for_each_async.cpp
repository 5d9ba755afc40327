// SPDX-License-Identifier: Apache-2.0
// says: weir: for_each(f): f gives a task, which nobody would await
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto store = [](int) -> weir::task<> { co_return; };
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::for_each(store);
}
