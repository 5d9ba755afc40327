// SPDX-License-Identifier: Apache-2.0
// says: weir: filter(f): f returns no bool
// names: f_returns<std::.*basic_string.*, weir::detail::where_wanted_is<bool>
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto name = [](int i) { return std::to_string(i); };
    app.agent("x", app.topic<int>("t") | weir::filter(name));
}
