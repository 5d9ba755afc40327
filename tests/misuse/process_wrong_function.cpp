// SPDX-License-Identifier: Apache-2.0
// says: weir: process(p): p cannot be called with the stream's value, p(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto size = [](const std::string& s) { return s.size(); };
    app.agent("x", app.topic<int>("t") | weir::process(size));
}
