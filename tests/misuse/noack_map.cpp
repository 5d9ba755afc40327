// SPDX-License-Identifier: Apache-2.0
// says: weir: behind noack() an element has to stay an event
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    app.agent("x", app.topic<int>("t") | weir::events() | weir::noack() |
                       weir::map([](const auto& event) { return event.value(); }));
}
