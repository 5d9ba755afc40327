// SPDX-License-Identifier: Apache-2.0
// says: weir: a table of sessions is filled behind window(session(gap), grace(d))
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, weir::sessions<std::int64_t>>("seen");
    app.agent("x", app.topic<std::string, int>("t") | weir::count(seen));
}
