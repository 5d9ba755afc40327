// SPDX-License-Identifier: Apache-2.0
// take: batches, for what is cheaper to do at once.
//
// Prints:
//   3 rows: 1 2 3
//   3 rows: 4 5 6
//   2 rows: 7 8
#include <fmt/core.h>

#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

int main() {
    weir::app app{"take-sample"};
    const std::vector<int> rows{1, 2, 3, 4, 5, 6, 7, 8};

    // [take]
    app.agent("write", weir::from(rows)             // stream of int
        | weir::take(3, 10s)                        // batches: 3, or what came in 10 s
        | weir::for_each([](const weir::batch<int>& batch) {
              fmt::print("{} rows:", batch.size());
              for (int row : batch) fmt::print(" {}", row);
              fmt::print("\n");
          }));
    // [/take]

    app.run();  // until the range has ended: what is left is a short batch
}
