// SPDX-License-Identifier: Apache-2.0
// says: weir: window(windows, grace(d)): write grace(5s), not 5s alone
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") | weir::window(weir::tumbling(10s), 5s) |
                       weir::count(seen));
}
