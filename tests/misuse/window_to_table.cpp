// SPDX-License-Identifier: Apache-2.0
// says: weir: behind window comes count, reduce or aggregate: put other operators
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto last = app.table<weir::windowed<std::string>, int>("last");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) | weir::to_table(last));
}
