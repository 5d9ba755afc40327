// SPDX-License-Identifier: Apache-2.0
// says: weir: erase() behind noack(): erase before it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::events() | weir::noack() | weir::erase();
}
