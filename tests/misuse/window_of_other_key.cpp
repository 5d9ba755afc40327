// SPDX-License-Identifier: Apache-2.0
// says: weir: the stream's key is not of the table's key type: declare the table with the
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<int>, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) | weir::count(seen));
}
