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

void nexmark::q5(query& q) {
    const auto give = [&q](std::int64_t auction, std::int64_t bids, weir::timestamp window) {
        q.found.add(auction, bids, window);
    };

    // [query]
    using auction_and_window = weir::windowed<std::int64_t>;
    auto counts = q.app.table<auction_and_window, std::int64_t>("bids");
    q.app.agent("q5", q.events                                        // stream of event
        | weir::process(bids)                                         // of bid, keyed by auction
        | weir::window(weir::hopping(10s, 2s), weir::grace(0s))       // five windows for each bid
        | weir::count(counts)                                         // of int64_t: when one closes
        | weir::items()                                               // with auction and window
        | weir::for_each([give, hottest = best<std::int64_t>{}](const auto& item) mutable {
              auto& [of, n] = item;
              hottest.add(of.start, n, of.key, give);
          }));
    // [/query]
}
