// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by takes a field of the stream's value, group_by(&order::account), or
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
