// SPDX-License-Identifier: Apache-2.0
// says: weir: a table's key is never null: use the type without std::optional
#include <weir/weir.hpp>

#include <optional>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto t = app.table<std::optional<std::string>, int>("t");
}
