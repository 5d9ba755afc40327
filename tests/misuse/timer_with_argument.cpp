// SPDX-License-Identifier: Apache-2.0
// says: weir: app.task(f) and app.timer(interval, f): f is called without arguments
#include <weir/weir.hpp>

#include <chrono>

int main() {
    weir::app app{"a"};
    app.timer(std::chrono::seconds{1}, [](int) {});
}
