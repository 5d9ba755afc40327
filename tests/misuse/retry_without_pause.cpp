// SPDX-License-Identifier: Apache-2.0
// says: weir: retry(n, pause) needs the time between two attempts, and .then(…) says
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t"), {.on_error = weir::retry(3)});
}
