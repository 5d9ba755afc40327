// SPDX-License-Identifier: Apache-2.0
// says: weir: table.update(key, f): f takes a V&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, int>("sums");
    sums.update("x", [](std::string& s) { s += "x"; });
}
