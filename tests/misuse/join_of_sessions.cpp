// SPDX-License-Identifier: Apache-2.0
// says: weir: a table of windows cannot be joined: its rows go when their windows close; join
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, weir::sessions<int>>("seen");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::join(seen, [](int a, const weir::sessions<int>&) { return a; }));
}
