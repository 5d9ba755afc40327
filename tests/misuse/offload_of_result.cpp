// SPDX-License-Identifier: Apache-2.0
// says: weir: offload(f): f is called without arguments, on another thread
#include <weir/weir.hpp>

#include <string>

std::string read() { return "all of it"; }

int main() {
    weir::app app{"a"};
    app.task([]() -> weir::task<> { co_await weir::offload(read()); });
}
