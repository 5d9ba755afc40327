// SPDX-License-Identifier: Apache-2.0
// says: weir: dead_letter(topic) needs the topic that takes the messages
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t"), {.on_error = weir::dead_letter()});
}
