// SPDX-License-Identifier: Apache-2.0
// erase: a stream of one plain type, built at run time.
//
// Prints:
//   only even, above 10: 12 14
//   all: 9 11 12 14
#include <fmt/core.h>

#include <string>
#include <utility>
#include <vector>
#include <weir/weir.hpp>

// [erase]
using numbers = weir::stream<weir::bytes, int>;           // whatever it was made of

/// One more filter for each rule that a user has written down.
numbers chosen(numbers from, const std::vector<std::string>& rules) {
    for (auto& rule : rules) {
        if (rule == "even") from = from | weir::filter([](int i) { return i % 2 == 0; });
        else if (rule == "above 10") from = from | weir::filter([](int i) { return i > 10; });
    }
    return from;
}
// [/erase]

int main() {
    weir::app app{"erase-sample"};
    std::vector<int> some, all;
    const auto into = [](std::vector<int>& v) {
        return weir::for_each([&v](int i) { v.push_back(i); });
    };
    const numbers source = weir::from(std::vector{9, 11, 12, 14});
    app.agent("some", chosen(source, {"even", "above 10"}) | into(some));
    app.agent("all", chosen(source, {}) | into(all));
    app.run();

    const auto print = [](const std::string& name, const std::vector<int>& values) {
        fmt::print("{}:", name);
        for (int i : values) fmt::print(" {}", i);
        fmt::print("\n");
    };
    print("only even, above 10", some);
    print("all", all);
}
