// SPDX-License-Identifier: Apache-2.0
// says: weir: this stream has no key for the table: declare the topic with a key type,
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, std::int64_t>("seen");
    app.agent("x", app.topic<int>("t") | weir::count(seen));
}
