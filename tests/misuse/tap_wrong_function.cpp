// SPDX-License-Identifier: Apache-2.0
// says: weir: tap(f): f is called with the stream's value, f(const V&)
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::tap([](const std::string&) {}));
}
