// SPDX-License-Identifier: Apache-2.0
// says: weir: tap(f): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::tap([](const std::string&) {}));
}
