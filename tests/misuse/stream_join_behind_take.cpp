// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put join before take, or
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<std::string, int>("a");
    auto b = app.topic<std::string, int>("b");
    app.agent("x", a | weir::take(3) |
                       weir::join(b, weir::within(1s), weir::grace(0s),
                                  [](const auto& l, const int& r) { return l.size() + r; }));
}
