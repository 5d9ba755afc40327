// SPDX-License-Identifier: Apache-2.0
// says: weir: retry(n, pause): the pause has a unit: retry(3, 100ms)
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t"), {.on_error = weir::retry(3, 100).then(weir::skip)});
}
