// SPDX-License-Identifier: Apache-2.0
// says: weir: a join's f returns a value: what waits goes into map(f), behind the join
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::join(names, [](int n, const std::string&) -> weir::task<int> {
                           co_return n;
                       }));
}
