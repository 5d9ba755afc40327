// SPDX-License-Identifier: Apache-2.0
// says: weir: behind window(session(gap), …) a table has each key's sessions: declare
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    auto seen = app.table<weir::windowed<std::string>, std::int64_t>("seen");
    app.agent("x", app.topic<std::string, int>("t") |
                       weir::window(weir::session(10s), weir::grace(0s)) | weir::count(seen));
}
