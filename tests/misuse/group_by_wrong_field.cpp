// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by(&order::account): this is no field of the stream's value
// names: f_can_be_called_with<.*const \w+ ?&
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string account;
};
struct payment {
    std::string account;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<payment>("t") | weir::group_by(&order::account));
}
