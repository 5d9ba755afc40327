// SPDX-License-Identifier: Apache-2.0
// through: a topic in the middle. What is in it is not computed again, and others may read it too.
//
// Prints:
//   bill: 2 EUR
//   bill: 4 EUR
//   bill: 6 EUR
//   audit saw 3
#include <fmt/core.h>

#include <vector>
#include <weir/weir.hpp>

int main(int argc, char** argv) try {
    weir::app app{"through-sample"};
    auto priced = app.topic<int>("priced");
    std::size_t billed = 0, audited = 0;
    const auto done = [&] {
        if (billed == 3 && audited == 3) app.stop();
    };

    // [through]
    app.agent("bill", weir::from(std::vector{1, 2, 3})    // stream of int
        | weir::map([](int i) { return 2 * i; })          // the prices
        | weir::through(priced)                           // the same, by way of a topic
        | weir::for_each([&](int i) {
              fmt::print("bill: {} EUR\n", i), ++billed, done();
          }));
    app.agent("audit", priced | weir::for_each([&](int) { ++audited, done(); }));
    // [/through]

    const int status = app.main(argc, argv);
    fmt::print("audit saw {}\n", audited);
    return status;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
