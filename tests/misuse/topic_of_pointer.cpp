// SPDX-License-Identifier: Apache-2.0
// says: weir: a topic's key and value are plain values: no reference, no const, no pointer
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<const char*>("t") | weir::to("u"));
}
