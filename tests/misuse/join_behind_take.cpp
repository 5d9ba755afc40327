// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put the table before take, or
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) |
                       weir::join(names,
                                  [](const weir::batch<int>&, const std::string& s) { return s; }));
}
