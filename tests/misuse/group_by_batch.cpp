// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by of a batch: group the values before take, or take it apart by flat_map
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto key = [](const weir::batch<std::string>& b) { return b.front(); };
    [[maybe_unused]] auto s =
        app.topic<std::string>("t") | weir::take(3) | weir::group_by(key, "first");
}
