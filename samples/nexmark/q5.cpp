// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 5: the auctions with the most bids of the last ten seconds, every two seconds.
// The result of a window is given when the next one closes.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   50 results, checksum 07f4e849cbdbcdca
#include <cstdint>

#include "best.hpp"
#include "query.hpp"

using namespace std::chrono_literals;

int main(int argc, char** argv) try {
    nexmark::query q5{"q5"};
    nexmark::best<std::int64_t> hottest;  // auctions
    const auto give = [&](std::int64_t auction, std::int64_t bids, weir::timestamp window) {
        q5.found.add(auction, bids, window);
    };

    // [query]
    using auction_and_window = weir::windowed<std::int64_t>;
    auto bids = q5.app.table<auction_and_window, std::int64_t>("bids");
    q5.app.agent("q5", q5.events                                      // stream of event
        | weir::process(nexmark::bids)                                // of bid, keyed by auction
        | weir::window(weir::hopping(10s, 2s), weir::grace(0s))       // five windows for each bid
        | weir::count(bids)                                           // of int64_t: when one closes
        | weir::items()                                               // with auction and window
        | weir::for_each([&](const auto& item) {
              auto& [of, n] = item;
              hottest.add(of.start, n, of.key, give);
          }));
    // [/query]

    const int code = q5.run(argc, argv);
    q5.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
