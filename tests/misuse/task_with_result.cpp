// SPDX-License-Identifier: Apache-2.0
// says: weir: a task or a timer returns weir::task<>, or void: nobody would get its result
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.task([]() -> weir::task<int> { co_return 1; });
}
