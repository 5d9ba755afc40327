// SPDX-License-Identifier: Apache-2.0
// says: weir: to(f, {.topics = …}): f is called with the value and gives a topic's name
#include <weir/weir.hpp>

#include <string>

int main() {
    weir::app app{"a"};
    const auto by_name = [](const std::string& s) { return s.empty() ? "none" : "some"; };
    [[maybe_unused]] auto s = app.topic<int>("t") | weir::to(by_name, {.topics = {"none", "some"}});
}
