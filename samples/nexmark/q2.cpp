// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 2: the bids for some auctions.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   6847 results, checksum 668c21724b11ebee
#include "query.hpp"

void nexmark::q2(query& q) {
    // [query]
    q.app.agent("q2", q.events          // stream of event
        | weir::process(bids)           // of bid
        | weir::filter([](const bid& b) { return b.auction % 123 == 0; })
        | weir::for_each([&q](const bid& b) { q.found.add(b.auction, b.price); }));
    // [/query]
}
