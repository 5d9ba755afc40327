// SPDX-License-Identifier: Apache-2.0
// says: weir: a range becomes a stream by from: weir::from(numbers) | map(f)
#include <weir/weir.hpp>

#include <vector>

int main() {
    weir::app app{"a"};
    const std::vector<int> numbers{1, 2, 3};
    for (int i : numbers | weir::map([](int n) { return -n; })) return i;
}
