// SPDX-License-Identifier: Apache-2.0
// says: weir: a table's key and value are plain types: no reference, const or pointer
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    [[maybe_unused]] auto t = app.table<std::string, int*>("t");
}
