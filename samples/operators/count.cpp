// SPDX-License-Identifier: Apache-2.0
// count: how often each page was visited. The table outlives the program, if the broker does.
//
// Prints:
//   /home: 1
//   /cart: 1
//   /home: 2
#include <fmt/core.h>

#include <cstdint>
#include <string>
#include <vector>
#include <weir/weir.hpp>

struct visit {
    std::string user, page;
};

int main(int argc, char** argv) try {
    weir::app app{"shop"};
    auto visits = app.topic<visit>("visits");
    const std::vector<visit> some{{"ann", "/home"}, {"ann", "/cart"}, {"bob", "/home"}};
    std::size_t seen = 0;

    app.agent("feed", weir::from(some) | weir::to(visits));

    // [count]
    auto per_page = app.table<std::string, std::int64_t>("visits-per-page");

    app.agent("count", visits                      // stream of visit
        | weir::group_by(&visit::page)             // the same, keyed by page
        | weir::count(per_page)                    // of int64_t: how many there are now
        | weir::items()                            // of item<string, int64_t>
        | weir::for_each([&](const auto& item) {
              auto& [page, n] = item;
              fmt::print("{}: {}\n", page, n);
              if (++seen == some.size()) app.stop();
          }));
    // [/count]

    return app.main(argc, argv);
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
