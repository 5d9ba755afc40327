// SPDX-License-Identifier: Apache-2.0
// window: how often each page is visited in ten seconds. Played on a virtual clock, as a test
// would, to give the messages their timestamps.
//
// Prints:
//   15 s: /cart from 0 to 10: 1
//   15 s: /home from 0 to 10: 2
//   26 s: /home from 10 to 20: 2
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <utility>
#include <vector>
#include <weir/testing/test_driver.hpp>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

std::int64_t seconds(weir::timestamp t) { return t.time_since_epoch() / 1s; }

int main() {
    weir::app app{"shop"};
    auto visits = app.topic<std::string, std::string>("visits");  // a page, who visits it
    int now = 0;

    // [window]
    using page_in_window = weir::windowed<std::string>;           // key, start, end
    auto per_10s = app.table<page_in_window, std::int64_t>("visits-per-10s");

    app.agent("count", visits                                     // keyed by page
        | weir::window(weir::tumbling(10s), weir::grace(5s))      // waits 5 s for late ones
        | weir::count(per_10s)                                    // of int64_t, keyed by windows
        | weir::items()
        | weir::for_each([&](const auto& item) {
              auto& [window, n] = item;
              fmt::print("{} s: {} from {} to {}: {}\n", now, window.key, seconds(window.start),
                         seconds(window.end), n);
          }));
    // [/window]

    weir::testing::test_driver test{app};
    const std::vector<std::pair<int, std::string>> some{
        {1, "/home"}, {4, "/cart"}, {12, "/home"},
        {9, "/home"},   // late, but within the grace
        {15, "/home"},  // closes [0, 10)
        {8, "/cart"},   // too late
        {26, "/cart"}   // closes [10, 20)
    };
    for (auto& [time, page] : some) {
        now = time;
        test.send(visits, page, "ann", {.timestamp = weir::timestamp{std::chrono::seconds{time}}});
    }
}
