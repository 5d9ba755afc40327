// SPDX-License-Identifier: Apache-2.0
// says: weir: JSON has no pointers: make this field a value, or a std::optional of one
// names: following
#include <weir/weir.hpp>

#include <memory>
#include <string>

struct order {
    std::string id;
    std::unique_ptr<order> following;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::for_each([](const order&) {}));
}
