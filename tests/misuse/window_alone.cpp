// SPDX-License-Identifier: Apache-2.0
// says: weir: a window alone does nothing: put count, reduce or aggregate behind
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"a"};
    app.agent(
        "x", app.topic<std::string, int>("t") | weir::window(weir::tumbling(10s), weir::grace(0s)));
}
