// SPDX-License-Identifier: Apache-2.0
// says: weir: to(f) needs the topics that f chooses from: to(f, {.topics = {"dear", "cheap"}})
#include <weir/weir.hpp>

int main() {
    weir::app app{"a"};
    const auto by_price = [](int price) { return price > 100 ? "dear" : "cheap"; };
    app.agent("x", app.topic<int>("t") | weir::to(by_price));
}
