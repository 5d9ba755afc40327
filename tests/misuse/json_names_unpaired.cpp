// SPDX-License-Identifier: Apache-2.0
// says: weir: names are pairs of a field and its name in JSON: weir::names{&order::id
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id, type;
    static constexpr weir::names json_names{&order::id, "$id", &order::type};
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
