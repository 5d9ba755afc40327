// SPDX-License-Identifier: Apache-2.0
// says: weir: app.stream(s): s is a topic or another stream
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    for (int i : app.stream(app.topic<int>("t") | weir::to("u"))) return i;
}
