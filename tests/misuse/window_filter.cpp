// SPDX-License-Identifier: Apache-2.0
// says: weir: behind window comes count, reduce or aggregate: put other operators
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) |
                       weir::filter([](int i) { return i > 0; }) | weir::count(seen));
}
