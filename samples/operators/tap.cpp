// SPDX-License-Identifier: Apache-2.0
// tap: a look in between, for a count or a log; the values go on unchanged.
//
// Prints:
//   4
//   16
//   5 seen, 2 even
#include <fmt/core.h>

#include <vector>
#include <weir/weir.hpp>

int main() {
    weir::app app{"tap-sample"};
    int seen = 0, even = 0;

    // [tap]
    app.agent("print", weir::from(std::vector{1, 2, 3, 4, 5})  // stream of int
        | weir::tap([&](int) { ++seen; })                      // the same, counted
        | weir::filter([](int i) { return i % 2 == 0; })       // the even ones
        | weir::tap([&](int) { ++even; })                      // the same, counted
        | weir::map([](int i) { return i * i; })               // squares
        | weir::for_each([](int i) { fmt::print("{}\n", i); }));
    // [/tap]

    app.run();  // until the range has ended
    fmt::print("{} seen, {} even\n", seen, even);
}
