// SPDX-License-Identifier: Apache-2.0
// says: weir: a table keeps its keys and values: use std::string in place of std::string_view, and
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto t = app.table<int, weir::bytes_view>("t");
}
