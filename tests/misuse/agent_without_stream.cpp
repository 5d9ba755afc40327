// SPDX-License-Identifier: Apache-2.0
// says: weir: app.agent(name, p): p is a stream with operators behind it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", weir::for_each([](int) {}));
}
