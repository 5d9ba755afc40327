// SPDX-License-Identifier: Apache-2.0
// says: weir: dedupe looks at one value at a time, and behind take there are
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    int id = 0;
};

int main() {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("x", in | weir::take(3) | weir::dedupe([](const auto& b) { return b.size(); }, 1s));
}
