// SPDX-License-Identifier: Apache-2.0
// says: weir: an agent's coroutine takes the stream and returns weir::task<>
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t"),
              [](weir::incoming<std::string>) -> weir::task<> { co_return; });
}
