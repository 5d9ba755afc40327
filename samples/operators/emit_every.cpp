// SPDX-License-Identifier: Apache-2.0
// emit_every: a counter that changes with each message is shown at most once in ten seconds.
//
// Prints:
//   /home: 3
//   /cart: 2
//   /home: 5
#include <fmt/core.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>
#include <weir/weir.hpp>

using namespace std::chrono_literals;

struct visit {
    std::string page;
    std::chrono::sys_seconds at;
};

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    auto visits = app.topic<visit>("visits", {.partitions = 1}).time(&visit::at);
    const auto start = std::chrono::sys_days{std::chrono::year{2024} / 11 / 30};
    const std::vector<visit> some{{"/home", start},       {"/home", start + 2s},
                                  {"/cart", start + 4s},  {"/home", start + 9s},
                                  {"/cart", start + 10s}, {"/home", start + 15s},
                                  {"/home", start + 25s}};
    std::size_t shown = 0;

    // [emit_every]
    auto per_page = app.table<std::string, std::int64_t>("visits-per-page");

    app.agent("count", visits                      // stream of visit
        | weir::group_by(&visit::page)             // the same, keyed by page
        | weir::count(per_page)                    // of int64_t, one for each visit
        | weir::emit_every(10s)                    // the newest of each page
        | weir::items()                            // of item<string, int64_t>
        | weir::for_each([&](const auto& item) {
              auto& [page, n] = item;
              fmt::print("{}: {}\n", page, n);
              if (++shown == 3) app.stop();
          }));
    // [/emit_every]

    app.agent("feed", weir::from(some) | weir::to(visits));
    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
