// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON cannot carry this field: give it one of the types of docs/json.md
// names: value
#include <weir/weir.hpp>

#include <any>
#include <string>

struct order {
    std::any value;
    std::string id;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t"));
}
