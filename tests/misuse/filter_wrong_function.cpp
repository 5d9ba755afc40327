// SPDX-License-Identifier: Apache-2.0
// says: weir: filter(f): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto named = [](const std::string& s) { return !s.empty(); };
    app.agent("x", app.topic<int>("t") | weir::filter(named));
}
