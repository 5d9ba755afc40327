// SPDX-License-Identifier: Apache-2.0
// says: weir: window works by key, and this stream has no key type: declare the
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<int>("t") | weir::window(weir::tumbling(10s), weir::grace(0s)) |
                       weir::count(seen));
}
