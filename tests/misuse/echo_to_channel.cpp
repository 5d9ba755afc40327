// SPDX-License-Identifier: Apache-2.0
// says: weir: echo(topic, …): each is a topic's name, or its handle
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::echo("copy", app.channel<int>("numbers")));
}
