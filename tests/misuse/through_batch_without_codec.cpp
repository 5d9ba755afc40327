// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON has no bytes: make this field a std::string, which is text
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    // an array of it would be JSON, which bytes are not
    [[maybe_unused]] auto s = app.topic<weir::bytes>("t") | weir::take(10) | weir::through("out");
}
