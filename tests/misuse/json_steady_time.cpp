// SPDX-License-Identifier: Apache-2.0
// says: weir: a time in JSON is one of std::chrono::system_clock
// names: placed
#include <weir/weir.hpp>

struct order {
    std::chrono::steady_clock::time_point placed;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
