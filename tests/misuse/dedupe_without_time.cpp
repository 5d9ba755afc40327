// SPDX-License-Identifier: Apache-2.0
// says: weir: dedupe(f, d): say how long an id is kept: dedupe(&order::id, 1h)
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    int id = 0;
};

int main() {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("x", in | weir::dedupe(&order::id));
}
