// SPDX-License-Identifier: Apache-2.0
// says: weir: the stream's key is not of the table's key type: declare the table with the
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, std::int64_t>("seen");
    app.agent("x", app.topic<int, int>("t") | weir::count(seen));
}
