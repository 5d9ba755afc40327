// SPDX-License-Identifier: Apache-2.0
// says: weir: dedupe(&order::id, d): this is no field of the stream's value
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct order {
    int id = 0;
};

int main() {
    weir::app app{"a"};
    auto in = app.topic<order>("in");
    app.agent("x", in | weir::dedupe(&weir::message::offset, 1s));
}
