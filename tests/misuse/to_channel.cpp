// SPDX-License-Identifier: Apache-2.0
// says: weir: to(topic): a topic's name, or its handle; several: echo
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::to(app.channel<int>("numbers")));
}
