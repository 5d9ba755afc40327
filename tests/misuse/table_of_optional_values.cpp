// SPDX-License-Identifier: Apache-2.0
// says: weir: a table's value is never null, since a null erases its key: use the type without
#include <weir/weir.hpp>

#include <optional>

int main() {
    weir::app app{"a"};
    auto last = app.table<std::string, std::optional<int>>("last");
    last.get("x");
}
