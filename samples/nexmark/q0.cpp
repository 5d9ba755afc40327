// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 0: every bid, as it is. It measures everything but the query.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   920000 results, checksum c8dc0fbcc5d6f6ba
#include "query.hpp"

void nexmark::q0(query& q) {
    // [query]
    q.app.agent("q0", q.events          // stream of event
        | weir::process(bids)           // of bid: the other events are dropped
        | weir::for_each([&q](const bid& b) {
              q.found.add(b.auction, b.bidder, b.price, b.at);
          }));
    // [/query]
}
