// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put the table before take, or
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) | weir::count(seen));
}
