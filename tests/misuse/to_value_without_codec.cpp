// SPDX-License-Identifier: Apache-2.0
// says: weir: the value that is sent has no codec: map it to bytes or a string
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto end = [](const std::string& s) { return s.data() + s.size(); };
    [[maybe_unused]] auto s = app.topic<std::string>("t") | weir::map(end) | weir::to("out");
}
