// SPDX-License-Identifier: Apache-2.0
// says: weir: map(f): f returns nothing that could go on: tap(f) passes on what it was given
// names: f_returns<void, weir::detail::where_wanted_is<weir::detail::any_value>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::map([](int) {}));
}
