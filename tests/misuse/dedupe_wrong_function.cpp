// SPDX-License-Identifier: Apache-2.0
// says: weir: dedupe(f, d): f cannot be called with the stream's value, f(const V&)
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    int id = 0;
};

int main() {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("x", in | weir::dedupe([](const std::string& s) { return s; }, 1s));
}
