// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by(callable) needs a name, which names its topic: group_by(f, "account")
#include <weir/weir.hpp>

#include <string>

struct order {
    std::string account;
};

int main() {
    weir::app app{"a"};
    const auto account = [](const order& o) { return o.account; };
    app.agent("x", app.topic<order>("t") | weir::group_by(account));
}
