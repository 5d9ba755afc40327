// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 1: every bid, with its price in another currency.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   920000 results, checksum 171cfab6492028f2
#include "query.hpp"

int main(int argc, char** argv) try {
    nexmark::query q1{"q1"};
    using nexmark::bid;

    // [query]
    q1.app.agent("q1", q1.events          // stream of event
        | weir::process(nexmark::bids)    // of bid
        | weir::map([](bid b) {           // of bid: in euros
              b.price = b.price * 908 / 1000;
              return b;
          })
        | weir::for_each([&](const bid& b) {
              q1.found.add(b.auction, b.bidder, b.price, b.at);
          }));
    // [/query]

    const int code = q1.run(argc, argv);
    q1.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
