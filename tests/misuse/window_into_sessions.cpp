// SPDX-License-Identifier: Apache-2.0
// says: weir: this table is for sessions, and the windows are no sessions: declare
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<std::string, weir::sessions<std::int64_t>>("seen");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::tumbling(10s), weir::grace(0s)) | weir::count(seen));
}
