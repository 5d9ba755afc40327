// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by takes a field of the stream's value, group_by(&order::account), or
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto first = [](const std::string& s) { return s.substr(0, 1); };
    app.agent("x", app.topic<int>("t") | weir::group_by(first, "first"));
}
