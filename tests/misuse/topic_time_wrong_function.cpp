// SPDX-License-Identifier: Apache-2.0
// says: weir: topic.time(f): f cannot be called with the topic's value, f(const V&)
// names: f_can_be_called_with<.*const \w+ ?&
#include <weir/weir.hpp>

#include <string>

struct view {
    weir::timestamp at;
};

int main() {
    weir::app app{"a"};
    app.topic<view>("t").time([](const std::string&) { return weir::timestamp{}; });
}
