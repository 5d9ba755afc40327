// SPDX-License-Identifier: Apache-2.0
// says: weir: group_by(f, "account"): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto first = [](const std::string& s) { return s.substr(0, 1); };
    app.agent("x", app.topic<int>("t") | weir::group_by(first, "first"));
}
