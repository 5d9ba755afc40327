// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by: this key has no codec: a string, a number
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto key = [](const std::string& s) { return s.data(); };
    [[maybe_unused]] auto s = app.topic<std::string>("t") | weir::group_by(key, "pointer");
}
