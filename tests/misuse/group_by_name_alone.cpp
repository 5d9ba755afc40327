// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by takes a field, group_by(&order::account), or a callable and a name
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string account;
};

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<order>("t") | weir::group_by("account"));
}
