// SPDX-License-Identifier: Apache-2.0
// says: weir: a join's f returns nothing that could go on: it returns what the join passes on
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x",
              app.topic<std::string, int>("t") | weir::join(names, [](int, const std::string&) {}));
}
