// SPDX-License-Identifier: Apache-2.0
// says: weir: for_each(f): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto print = [](const std::string&) {};
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::for_each(print);
}
