// SPDX-License-Identifier: Apache-2.0
// says: weir: to(f, {.topics = …}): f cannot be called with the stream's value, f(const V&)
// names: f_can_be_called_with<.*const int ?&
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto by_name = [](const std::string& s) { return s.empty() ? "none" : "some"; };
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::to(by_name, {.topics = {"none", "some"}});
}
