// SPDX-License-Identifier: Apache-2.0
// says: weir: to(f, {.topics = …}): f returns no topic's name
// names: f_returns<.*, weir::detail::where_wanted_is<weir::detail::topic_name>
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto which = [](int price) { return price > 100 ? 1 : 0; };
    app.agent("x", app.topic<int>("t") | weir::to(which, {.topics = {"dear", "cheap"}}));
}
