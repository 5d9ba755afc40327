// SPDX-License-Identifier: Apache-2.0
// noack: acknowledged by hand alone. What is not, comes again after a restart.
//
// Prints:
//   job 0 is kept
//   job 1 is kept
//   job 2 is kept
//   committed up to 1
//   job 1 is kept
//   job 2 is kept
//   committed up to 3
#include <fmt/core.h>

#include <utility>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

int main() {
    weir::app app{"noack-sample"};
    auto jobs = app.topic<int>("jobs");

    // [noack]
    std::vector<weir::hold> kept;
    app.agent("work", jobs                                // stream of int
        | weir::events()                                  // each with its message
        | weir::noack()                                   // acknowledged by hand alone
        | weir::for_each([&](auto& event) {
              fmt::print("job {} is kept\n", event.value());
              kept.push_back(event.hold());               // outlives the body
          }));
    // [/noack]

    weir::testing::test_driver test{app};
    for (int job : {0, 1, 2}) test.append(jobs, "k", job);
    test.run();
    kept[0].ack();                                        // done
    kept[2].ack();                                        // done as well, but 1 is not
    kept.clear();                                         // no acknowledgement
    test.commit();
    fmt::print("committed up to {}\n", *test.committed(jobs, 0));
    test.restart();
    for (auto& hold : std::exchange(kept, {})) hold.ack();
    test.commit();
    fmt::print("committed up to {}\n", *test.committed(jobs, 0));
}
