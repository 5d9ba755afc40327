// SPDX-License-Identifier: Apache-2.0
// says: weir: a topic's key and value are plain values: no reference, no const, no pointer
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<const std::string&>("t") | weir::to("u"));
}
