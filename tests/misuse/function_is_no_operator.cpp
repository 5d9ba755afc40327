// SPDX-License-Identifier: Apache-2.0
// says: weir: a function is no operator: behind | stands map(f), filter(f), for_each(f)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent(
        "x", app.topic<int>("t") | [](int i) { return -i; });
}
