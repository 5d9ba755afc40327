// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 1: every bid, with its price in another currency.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   920000 results, checksum 171cfab6492028f2
#include "query.hpp"

void nexmark::q1(query& q) {
    // [query]
    q.app.agent("q1", q.events          // stream of event
        | weir::process(bids)           // of bid
        | weir::map([](bid b) {         // of bid: in euros
              b.price = b.price * 908 / 1000;
              return b;
          })
        | weir::for_each([&q](const bid& b) {
              q.found.add(b.auction, b.bidder, b.price, b.at);
          }));
    // [/query]
}
