// SPDX-License-Identifier: Apache-2.0
// says: weir: a name in JSON has no quotes, backslashes and control characters here
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string id;
    static constexpr weir::names json_names{&order::id, "a\"b"};
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
