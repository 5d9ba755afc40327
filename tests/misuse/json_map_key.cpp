// SPDX-License-Identifier: Apache-2.0
// says: weir: the names in a JSON object are strings: make the key of this map a std::string
// names: prices
#include <weir/weir.hpp>

#include <map>

struct order {
    std::map<int, double> prices;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
