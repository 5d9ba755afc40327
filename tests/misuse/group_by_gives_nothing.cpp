// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by(f, "account"): f returns nothing that could be a key
// names: f_returns<void
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::group_by([](int) {}, "n"));
}
