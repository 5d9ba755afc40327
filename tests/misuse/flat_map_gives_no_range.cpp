// SPDX-License-Identifier: Apache-2.0
// says: weir: flat_map(f): f returns no range
// names: f_returns<.*, weir::detail::where_wanted_is<weir::detail::any_range>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::flat_map([](int i) { return 2 * i; }));
}
