// SPDX-License-Identifier: Apache-2.0
// says: weir: from(range): this is not a range: give a vector, or std::views::iota(0, 5)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    for (int i : weir::from(5) | weir::map([](int n) { return -n; })) return i;
}
