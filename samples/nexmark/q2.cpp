// SPDX-License-Identifier: Apache-2.0
// Nexmark's query 2: the bids for some auctions.
//
// Prints:
//   1000000 events, check 85a41ee975d03d58
//   6847 results, checksum 668c21724b11ebee
#include "query.hpp"

int main(int argc, char** argv) try {
    nexmark::query q2{"q2"};
    using nexmark::bid;

    // [query]
    q2.app.agent("q2", q2.events          // stream of event
        | weir::process(nexmark::bids)    // of bid
        | weir::filter([](const bid& b) { return b.auction % 123 == 0; })
        | weir::for_each([&](const bid& b) { q2.found.add(b.auction, b.price); }));
    // [/query]

    const int code = q2.run(argc, argv);
    q2.print();
    return code;
} catch (const std::exception& e) {
    return weir::report_error(argv, e);
}
