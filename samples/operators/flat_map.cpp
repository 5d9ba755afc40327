// SPDX-License-Identifier: Apache-2.0
// flat_map: one value becomes none, one or many.
//
// Prints:
//   alice orders tea
//   alice orders milk
//   carol orders rice
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

struct basket {
    std::string account;
    std::vector<std::string> products;
};

struct line {
    std::string account, product;
};

std::vector<line> lines_of(const basket& b) {
    std::vector<line> lines;
    for (auto& p : b.products) lines.push_back({b.account, p});
    return lines;
}

int main() {
    weir::app app{"flat-map-sample"};
    const std::vector<basket> baskets{{"alice", {"tea", "milk"}}, {"bob", {}}, {"carol", {"rice"}}};

    // [flat_map]
    app.agent("print", weir::from(baskets)          // stream of basket
        | weir::flat_map(lines_of)                  // of line; an empty basket has none
        | weir::for_each([](const line& l) {
              fmt::print("{} orders {}\n", l.account, l.product);
          }));
    // [/flat_map]

    app.run();  // until the range has ended
}
