// SPDX-License-Identifier: Apache-2.0
// says: weir: json_names are fields of the type that has them, each with its name
#include <weir/weir.hpp>

#include <string>

struct parcel {
    std::string id;
};
struct order {
    std::string id;
    static constexpr weir::names json_names{&parcel::id, "$id"};
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
