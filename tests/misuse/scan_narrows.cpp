// SPDX-License-Identifier: Apache-2.0
// says: weir: scan(init, f): f must return the next state, of init's own type
// names: f_returns<double, weir::detail::next_state_of<int>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto add = [](double sum, double x) { return sum + x; };
    app.agent("x", app.topic<double>("t") | weir::scan(0, add));
}
