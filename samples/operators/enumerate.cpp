// SPDX-License-Identifier: Apache-2.0
// enumerate: a number beside each value.
//
// Prints:
//   1. alice
//   2. bob
//   3. carol
#include <fmt/core.h>

#include <string>
#include <vector>
#include <weir/weir.hpp>

int main() {
    weir::app app{"enumerate-sample"};
    const std::vector<std::string> names{"alice", "bob", "", "carol"};

    // [enumerate]
    app.agent("print", weir::from(names)                                      // stream of string
        | weir::filter([](const std::string& name) { return !name.empty(); })
        | weir::enumerate(1)                                                  // of indexed<string>
        | weir::for_each([](const auto& indexed) {
              auto& [i, name] = indexed;
              fmt::print("{}. {}\n", i, name);
          }));
    // [/enumerate]

    app.run();  // until the range has ended
}
