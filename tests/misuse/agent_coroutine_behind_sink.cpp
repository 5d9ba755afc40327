// SPDX-License-Identifier: Apache-2.0
// says: weir: app.agent(name, s, coroutine): s is a stream that the coroutine reads
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::to("u"),
              [](auto stream) -> weir::task<> { co_await stream.next(); });
}
