// SPDX-License-Identifier: Apache-2.0
// says: weir: this stream has no key for the table: declare the topic with a key type, app.topic<K,
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    auto names = app.table(app.topic<std::string, std::string>("names"));
    app.agent("x",
              app.topic<int>("t") | weir::join(names, [](int, const std::string& s) { return s; }));
}
