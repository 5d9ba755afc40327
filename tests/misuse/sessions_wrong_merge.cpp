// SPDX-License-Identifier: Apache-2.0
// says: weir: aggregate(table, f, merge): merge cannot be called with two of
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto sums = app.table<std::string, weir::sessions<int>>("sums");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::session(10s), weir::grace(0s)) |
                       weir::aggregate(
                           sums, [](int& sum, int i) { sum += i; },
                           [](std::string& a, const std::string& b) { a += b; }));
}
