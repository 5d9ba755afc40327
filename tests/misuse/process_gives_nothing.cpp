// SPDX-License-Identifier: Apache-2.0
// says: weir: process(p): a processor is called with the stream's value and gives one
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::process([](int) {}));
}
