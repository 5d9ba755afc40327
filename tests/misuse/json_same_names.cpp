// SPDX-License-Identifier: Apache-2.0
// says: weir: two fields of this aggregate have one name in JSON: look at its json_names
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id, type;
    static constexpr weir::names json_names{&order::id, "type"};
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
