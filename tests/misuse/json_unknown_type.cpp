// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON cannot carry this field: give it one of the types of docs/json.md
// names: weights
#include <weir/weir.hpp>

#include <set>
#include <string>

struct parcel {
    std::string id;
    std::set<double> weights;
};
struct order {
    std::string id;
    std::vector<std::optional<parcel>> parcels;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
