// SPDX-License-Identifier: Apache-2.0
// says: weir: processors of a stream give its own value type, or a std::optional of it
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto text = [](int i) { return std::to_string(i); };
    for (int i : app.stream(app.topic<int>("t"), {.processors = {text}})) return i;
}
