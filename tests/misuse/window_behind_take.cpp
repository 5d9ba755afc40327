// SPDX-License-Identifier: Apache-2.0
// says: weir: behind take a batch has no key of its own: put window before take, or
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") | weir::take(3) |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) | weir::count(seen));
}
