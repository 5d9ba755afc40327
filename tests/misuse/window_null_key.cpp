// SPDX-License-Identifier: Apache-2.0
// says: weir: this stream's key may be null, and a window's key may not: declare
#include <weir/weir.hpp>

#include <optional>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<std::optional<std::string>, int>("t") |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) | weir::count(seen));
}
