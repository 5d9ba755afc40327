// SPDX-License-Identifier: Apache-2.0
// says: weir: dedupe(f, d): f gives a task, and dedupe awaits none
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    int id = 0;
};

int main() {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("x",
              in | weir::dedupe([](const order& o) -> weir::task<int> { co_return o.id; }, 1s));
}
