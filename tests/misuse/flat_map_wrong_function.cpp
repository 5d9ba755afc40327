// SPDX-License-Identifier: Apache-2.0
// says: weir: flat_map(f): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>
#include <vector>

int main() {
    weir::app app{"a"};
    const auto words = [](const std::string& s) { return std::vector{s, s}; };
    app.agent("x", app.topic<int>("t") | weir::flat_map(words));
}
