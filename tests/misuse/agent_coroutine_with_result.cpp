// SPDX-License-Identifier: Apache-2.0
// says: weir: an agent's coroutine takes the stream and returns weir::task<>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t"), [](auto) -> weir::task<int> { co_return 1; });
}
