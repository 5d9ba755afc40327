// SPDX-License-Identifier: Apache-2.0
// says: weir: noack() is for events: put events() before it
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::noack();
}
