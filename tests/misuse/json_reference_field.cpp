// SPDX-License-Identifier: Apache-2.0
// says: weir: a key or a value is decoded in a place that is used again: give its type a default
// names: order
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id;
    int& count;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t"));
}
