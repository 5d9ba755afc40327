// SPDX-License-Identifier: Apache-2.0
// says: weir: scan(init, f): f must return the next state, of init's own type
// names: f_returns<void, weir::detail::next_state_of<double>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto add = [](double, double) {};
    app.agent("x", app.topic<double>("t") | weir::scan(0.0, add));
}
