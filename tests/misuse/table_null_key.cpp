// SPDX-License-Identifier: Apache-2.0
// says: weir: this stream's key may be null, and a table's key may not: declare the topic with the
#include <weir/weir.hpp>

#include <optional>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, std::int64_t>("seen");
    app.agent("x", app.topic<std::optional<std::string>, int>("t") | weir::count(seen));
}
