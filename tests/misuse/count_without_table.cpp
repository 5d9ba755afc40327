// SPDX-License-Identifier: Apache-2.0
// says: weir: without a table, count(), reduce(f) and aggregate(init, f) stand behind window(…)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<std::string, int>("t") | weir::count() | weir::for_each([](int) {}));
}
