// SPDX-License-Identifier: Apache-2.0
// says: weir: an enumeration is written by its enumerators' names: those from -32 to 127
// names: state
#include <weir/weir.hpp>

enum class progress { open = 1000, closed };
struct order {
    progress state;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
