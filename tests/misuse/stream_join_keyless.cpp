// SPDX-License-Identifier: Apache-2.0
// says: weir: join matches messages by key, and this stream has no key type: declare
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto a = app.topic<int>("a");
    app.agent("x", a | weir::join(a, weir::within(1s), weir::grace(0s),
                                  [](const int& l, const int& r) { return l + r; }));
}
