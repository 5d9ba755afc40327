// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 0: every bid, as it is. It measures everything but the query.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   920000 results, checksum c8dc0fbcc5d6f6ba
#include "query.hpp"

int main(int argc, char** argv) try {
    nexmark::query q0{"q0"};
    using nexmark::bid;

    // [query]
    q0.app.agent("q0", q0.events          // stream of event
        | weir::process(nexmark::bids)    // of bid: the other events are dropped
        | weir::for_each([&](const bid& b) {
              q0.found.add(b.auction, b.bidder, b.price, b.at);
          }));
    // [/query]

    const int code = q0.run(argc, argv);
    q0.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
