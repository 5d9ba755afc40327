// SPDX-License-Identifier: Apache-2.0
// says: weir: a table keeps its keys and values: use std::string in place of std::string_view, and
#include <weir/weir.hpp>

#include <string_view>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto t = app.table<std::string_view, int>("t");
}
