// SPDX-License-Identifier: Apache-2.0
// says: weir: process(p): a processor is called with the stream's value and gives one
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto size = [](const std::string& s) { return s.size(); };
    app.agent("x", app.topic<int>("t") | weir::process(size));
}
