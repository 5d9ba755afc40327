// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON has one null: what a std::optional holds must not be null itself
// names: gate
#include <weir/weir.hpp>

struct order {
    std::optional<std::optional<int>> gate;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
